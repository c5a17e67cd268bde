// How the page is built: one script, one style sheet and one icon under /assets/, named by their
// content. Nothing may end up inline, because the server's content security policy forbids it.
// The Socket.IO client comes with much that the desk does not speak: slim/ stands in for that.
import { type Plugin, defineConfig } from 'vite';
import { sizeLimit } from './size';

const here = (file: string): string => `${import.meta.dirname}/slim/${file}`;

/** Packages of the Socket.IO client, and what is bundled in their place. */
const STAND_INS: Readonly<Record<string, string>> = {
  '@socket.io/component-emitter': here('emitter.js'),
  'socket.io-client': here('client.js'),
  'socket.io-parser': here('parser.js'),
};

function slimSocketIo(): Plugin {
  return {
    name: 'slim-socket.io',
    enforce: 'pre',
    resolveId(id) {
      // The package exports only its front door; a stand-in takes a single module.
      const inside = id.startsWith('socket.io-client/build/') ? `${import.meta.dirname}/node_modules/${id}` : null;
      return STAND_INS[id] ?? inside;
    },
  };
}

/** Methods of the library's socket that this page never calls, and that the others do without. */
const UNUSED = [
  'emitWithAck',
  '_addToQueue',
  'compress',
  'volatile',
  'active',
  'disconnected',
  'send',
  'open',
  'close',
  'onAny',
  'prependAny',
  'offAny',
  'listenersAny',
  'onAnyOutgoing',
  'prependAnyOutgoing',
  'offAnyOutgoing',
  'listenersAnyOutgoing',
];
/** Those that the others call, and that have nothing to do here. */
const IDLE = ['_drainQueue', 'notifyOutgoingListeners'];
/** What it says of a server of another age takes more room than all that it does about it. */
const LONG = /"It seems you are trying[^"]*"/;

function withoutUnused(): Plugin {
  return {
    name: 'without-unused',
    transform(code, id) {
      if (!id.endsWith('socket.io-client/build/esm/socket.js')) return null;
      const methods = this.parse(code).body.flatMap((it) =>
        it.type === 'ExportNamedDeclaration' && it.declaration?.type === 'ClassDeclaration' ? it.declaration.body.body : [],
      );
      return methods
        .reduceRight((rest, it) => {
          if (it.type !== 'MethodDefinition' || it.key.type !== 'Identifier') return rest;
          const { name, end: named } = it.key;
          if (UNUSED.includes(name)) return rest.slice(0, it.start) + rest.slice(it.end);
          return IDLE.includes(name) ? `${rest.slice(0, named)}() {}${rest.slice(it.end)}` : rest;
        }, code)
        .replace(LONG, '"old server"');
    },
  };
}

/** What Vite puts around an `import()` is for chunks with style sheets of their own. There are none. */
function plainImports(): Plugin {
  return {
    name: 'plain-imports',
    enforce: 'pre',
    load: (id) => (id.endsWith('vite/preload-helper.js') ? 'export const __vitePreload = (load) => load();' : null),
  };
}

/** What stands in the frame for its readers only: comments, and room between the lines. */
function bareFrame(): Plugin {
  return {
    name: 'bare-frame',
    transformIndexHtml: {
      order: 'post',
      handler: (html) => html.replace(/<!--.*?-->/gs, '').replace(/\s*\n\s*/g, '\n').trim(),
    },
  };
}

export default defineConfig(({ isSsrBuild }) => ({
  root: import.meta.dirname,
  plugins: [slimSocketIo(), withoutUnused(), plainImports(), bareFrame(), ...(isSsrBuild ? [] : [sizeLimit()])],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: isSsrBuild
      ? {}
      : {
          input: { index: here('../index.html'), embed: here('../src/embed.ts') },
          output: {
            // Other sites name the launcher in their pages: its address never changes.
            entryFileNames: ({ name }) => (name === 'embed' ? 'embed.js' : 'assets/[name]-[hash].js'),
          },
        },
  },
}));
