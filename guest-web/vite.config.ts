// How the page is built: one script, one style sheet and one icon under /assets/, named by their
// content. Nothing may end up inline, because the server's content security policy forbids it.
// The Socket.IO client comes with much that the desk does not speak: slim/ stands in for that.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Plugin, defineConfig, minifySync } from 'vite';
import { sizeLimit } from './size';
import { PacketType } from './slim/parser.js';

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
/** Those that the others call, and that have nothing to do here: the desk asks for no acknowledgement. */
const IDLE = ['_drainQueue', 'notifyOutgoingListeners', 'ack'];
/** What it does about options that this page does not take, and what is written instead. */
const IDLE_PARTS: readonly (readonly [RegExp, string])[] = [
  // What it says of a server of another age takes more room than all that it does about it.
  [/"It seems you are trying[^"]*"/, '"old server"'],
  // Nobody reads why: that there is no answer, or no connection any more, is enough.
  [/"operation has timed out"/, ''],
  [/"socket has been disconnected"/, ''],
  [/"io server disconnect"/, ''],
  [/"io client disconnect"/, ''],
  // Nothing binary.
  [/case PacketType\.BINARY_EVENT:/, ''],
  [/case PacketType\.BINARY_ACK:/, ''],
  // Names that no event of the desk has.
  [/const RESERVED_EVENTS = [^;]*;/, ''],
  [/if \(RESERVED_EVENTS[^{]*\{[^}]*\}/, ''],
  // Sending again, which is the outbox's to do, and what need not arrive.
  [/if \(this\._opts\.retries[^{]*\{[^}]*\}/, ''],
  [/const isTransportWritable = [^;]*;/, ''],
  [/const discardPacket = [^;]*;/, ''],
  [/if \(discardPacket\) \{\s*\}\s*else /, ''],
  [/if \(this\.io\._autoConnect\)\s*this\.open\(\);/, ''],
  [/this\._queue = \[\];/, ''],
  [/this\._queueSeq = 0;/, ''],
  // Compression of a single packet, of which the desk has none.
  [/packet\.options = \{\};\s*packet\.options\.compress = [^;]*;/, ''],
  // Listeners to everything.
  [/if \(this\._anyListeners [^{]*\{[^{]*\{[^}]*\}\s*\}/, ''],
  // Recovery of a connection: the page asks for what it has missed by number.
  [/if \(this\._pid && args[^{]*\{[^}]*\}/, ''],
  [/this\.recovered = false;/, ''],
  [/this\.recovered = pid[^;]*;/, ''],
  [/this\._pid = pid;/, ''],
  [/data: this\._pid\s*\? [^)]*\)\s*: data/, 'data'],
];

function withoutUnused(): Plugin {
  return {
    name: 'without-unused',
    transform(code, id) {
      if (!id.endsWith('socket.io-client/build/esm/socket.js')) return null;
      const methods = this.parse(code).body.flatMap((it) =>
        it.type === 'ExportNamedDeclaration' && it.declaration?.type === 'ClassDeclaration' ? it.declaration.body.body : [],
      );
      const rest = methods.reduceRight((rest, it) => {
        if (it.type !== 'MethodDefinition' || it.key.type !== 'Identifier') return rest;
        const { name, end: named } = it.key;
        if (UNUSED.includes(name)) return rest.slice(0, it.start) + rest.slice(it.end);
        return IDLE.includes(name) ? `${rest.slice(0, named)}() {}${rest.slice(it.end)}` : rest;
      }, code);
      // Some of the manager's names stand in quotes, where they would stay long.
      const plain = rest.replace(/\["(_[a-zA-Z]+)"\]/g, '.$1');
      return IDLE_PARTS.reduce((text, [part, instead]) => {
        if (!part.test(text)) this.error(`the library's socket has no ${part.source}`);
        return text.replace(part, instead);
      }, plain).replace(/PacketType\.([A-Z_]+)/g, (_, type: keyof typeof PacketType) => String(PacketType[type]));
    },
  };
}

/**
 * Properties of the page's own objects and of the library's, which nobody else reads: neither the
 * server, nor the browser, nor what is kept in its storage. They get short names.
 */
const OWN =
  `acks adopted agents alone asking beginning checking chooseScore clearTimeoutFn connected dispatch do draft draw drop
  dropped effects emitBuffered emitEvent emitReserved ended engine failed flags frame fresh hasOlder hasSession heading
  held hushed ids io is isAdoptable keep keepDraft kept keptOffline left letter link loaded loading loadingOlder locale
  mine named newer notice notifyOutgoingListeners nsp onack onconnect ondisconnect onevent onpacket outbox outboxFull
  packet page problem rated receiveBuffer reference render resting retry sendBuffer sending session sessionBegun
  setTimeoutFn show subEvents subs sync tell toNewest toOpen today tries typed unchanged withAgent withError
  yesterday _clearAcks _destroy _drainQueue _hasPingExpired _opts _packet _readyState _reconnecting _registerAckCallback
  _sendConnectPacket`.split(/\s+/);

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const short = (at: number): string =>
  (at < LETTERS.length ? '' : short(Math.floor(at / LETTERS.length) - 1)) + LETTERS[at % LETTERS.length];

function shortNames(): Plugin {
  const cache = Object.fromEntries(OWN.map((name, at) => [name, short(at)]));
  return {
    name: 'short-names',
    buildStart() {
      const wire = readFileSync(here('../src/wire.ts'), 'utf8');
      const frame = readFileSync(here('../index.html'), 'utf8');
      const isTheirs = (name: string) => new RegExp(`^\\s*"?${name}"?\\??: `, 'm').test(wire) || frame.includes(`data-word="${name}"`);
      const theirs = OWN.filter(isTheirs);
      if (theirs.length > 0) this.error(`the server or index.html knows these by name: ${theirs.join(', ')}`);
    },
    renderChunk(code, { fileName }) {
      const quoted = OWN.filter((name) => new RegExp(`\\[["'\`]${name}["'\`]\\]`).test(code));
      if (quoted.length > 0) this.error(`these stand in quotes, where they keep their names: ${quoted.join(', ')}`);
      const mangleProps = { include: new RegExp(`^(?:${OWN.join('|')})$`), cache };
      const { code: shorter, errors } = minifySync(fileName, code, { module: true, compress: false, mangle: false, mangleProps });
      if (errors.length > 0) this.error(errors.map(({ message }) => message).join('\n'));
      return { code: shorter, map: null };
    },
  };
}

/** Custom properties of the style sheet, which no script and no other sheet reads; its parts are put in before. */
function shortColours(): Plugin {
  return {
    name: 'short-colours',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('.css')) return null;
      const sheet = code.replace(/@import '(.*)';/g, (_, part: string) => {
        const file = `${dirname(id)}/${part}`;
        this.addWatchFile(file);
        return readFileSync(file, 'utf8');
      });
      const names = [...new Set(sheet.match(/--[a-z]+(-[a-z]+)*/g))];
      return sheet.replace(/--[a-z]+(-[a-z]+)*/g, (name) => `--${short(names.indexOf(name))}`);
    },
  };
}

/** The launcher's style sheet stands in a string, where no minifier looks. */
function bareStyle(): Plugin {
  return {
    name: 'bare-style',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('src/embed.ts')) return null;
      return code.replace(/(?<=STYLE = `)[^`]*/, (style) => style.replace(/\s*([{};:,\n])\s*/g, '$1').replaceAll('\n', ''));
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
  plugins: [slimSocketIo(), withoutUnused(), shortColours(), bareStyle(), plainImports(), bareFrame(), ...(isSsrBuild ? [] : [shortNames(), sizeLimit()])],
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
