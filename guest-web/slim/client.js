// In place of the front door of `socket.io-client`: its socket, on a manager that has one namespace
// and one kind of engine, and leaves reconnecting to src/socket.ts.
import { Emitter } from './emitter.js';
import { Socket } from 'socket.io-client/build/esm/socket.js';
import { Engine } from './engine.js';
import { decode, encode } from './parser.js';

export class Manager extends Emitter {
  engine = null;
  _readyState = 'closed';
  _reconnecting = false;
  setTimeoutFn = setTimeout.bind(window);
  clearTimeoutFn = clearTimeout.bind(window);

  constructor(opts) {
    super();
    this.opts = opts;
  }

  socket(nsp) {
    return new Socket(this, nsp);
  }

  open() {
    if (this._readyState !== 'closed') return;
    this._readyState = 'opening';
    const { path, timeout } = this.opts;
    const engine = new Engine(path, {
      open: () => {
        clearTimeout(late);
        this._readyState = 'open';
        this.emitReserved('open');
      },
      data: (text) => {
        const packet = decode(text);
        if (packet) this.emitReserved('packet', packet);
        else engine.close('parse error');
      },
      end: (error, wasOpen) => {
        clearTimeout(late);
        this._readyState = 'closed';
        if (wasOpen) this.emitReserved('close', error.message);
        else this.emitReserved('error', error);
      },
    });
    const late = setTimeout(() => engine.close('timeout'), timeout);
    this.engine = engine;
  }

  _packet(packet) {
    this.engine.write(encode(packet));
  }

  /** The socket is done with this connection. */
  _destroy() {
    this.engine?.close('forced close');
  }
}
