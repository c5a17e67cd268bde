// In place of `@socket.io/component-emitter`: as much of it as the Socket.IO client's socket uses.

export class Emitter {
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  off(event, listener) {
    const others = this.#listeners.get(event)?.filter((it) => it !== listener);
    this.#listeners.set(event, others ?? []);
    return this;
  }

  emit(event, ...values) {
    for (const listener of this.#listeners.get(event) ?? []) listener.apply(this, values);
    return this;
  }

  /** For events of the library's own, which `emit` of a socket would send. */
  emitReserved(event, ...values) {
    return Emitter.prototype.emit.call(this, event, ...values);
  }
}
