// How the page is built: one script, one style sheet and one icon under /assets/, named by their
// content. Nothing may end up inline, because the server's content security policy forbids it.
import { type Plugin, defineConfig } from 'vite';

/** The Socket.IO client brings a transport that src/socket.ts never uses and bundlers cannot leave out. */
function withoutWebTransport(): Plugin {
  return {
    name: 'without-webtransport',
    enforce: 'pre',
    load(id) {
      return id.endsWith('/engine.io-client/build/esm/transports/webtransport.js') ? 'export class WT {}' : null;
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [withoutWebTransport()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
