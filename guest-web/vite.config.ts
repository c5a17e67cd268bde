// How the page is built: one script, one style sheet and one icon under /assets/, named by their
// content. Nothing may end up inline, because the server's content security policy forbids it.
// The Socket.IO client comes with much that the desk does not speak: slim/ stands in for that.
import { type Plugin, defineConfig } from 'vite';
import { sizeLimit } from './size';

const here = (file: string): string => `${import.meta.dirname}/slim/${file}`;

/** Modules of the Socket.IO client's packages, and what is bundled in their place. */
const STAND_INS: readonly (readonly [RegExp, string])[] = [
  [/^socket\.io-client$/, here('client.js')],
  [/^engine\.io-client$/, here('engine.js')],
  [/^socket\.io-parser$/, here('parser.js')],
];

function slimSocketIo(): Plugin {
  return {
    name: 'slim-socket.io',
    enforce: 'pre',
    async resolveId(id, importer) {
      const standIn = STAND_INS.find(([name]) => name.test(id))?.[1];
      if (standIn) return { id: standIn, moduleSideEffects: false };
      // The package exports only its front door; a stand-in takes single modules.
      const isInside = /^socket\.io-client\/build\//.test(id);
      if (isInside) return { id: `${import.meta.dirname}/node_modules/${id}`, moduleSideEffects: false };
      if (!importer || !/socket\.io|engine\.io/.test(`${id} ${importer}`)) return null;
      const found = await this.resolve(id, importer, { skipSelf: true });
      return found && { ...found, moduleSideEffects: false };
    },
  };
}

export default defineConfig(({ isSsrBuild }) => ({
  root: import.meta.dirname,
  plugins: [slimSocketIo(), ...(isSsrBuild ? [] : [sizeLimit()])],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
}));
