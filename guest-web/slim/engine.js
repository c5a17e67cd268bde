// Engine.IO 4 as text, to this origin only: what the Socket.IO client needs of `engine.io-client`.
// A websocket; where something in between does not let one through, polling by `fetch`. No upgrade
// from one to the other, no binary. It must not reconnect: src/socket.ts does.

const SEPARATOR = '\x1e';

export class Engine {
  #address;
  #on;
  #send = () => {};
  #end = () => {};
  #ping;
  #silence = 0;
  #expires = Infinity;
  #state = 'opening';
  /** The Socket.IO client asks whether it can write. */
  transport = { writable: false };

  /** `on.open()`, `on.data(text)`, and once, at last, `on.end(error, whether it was open)`. */
  constructor(path, on) {
    this.#address = `${path}?EIO=4&transport=`;
    this.#on = on;
    this.#byWebsocket();
  }

  write(text) {
    this.#send(`4${text}`);
  }

  close(reason) {
    this.#finish(reason);
  }

  /** A computer that slept wakes with a connection that is long dead and a timer that has not run. */
  _hasPingExpired() {
    if (Date.now() <= this.#expires) return false;
    setTimeout(() => this.#finish('ping timeout'));
    return true;
  }

  #byWebsocket() {
    const url = `${location.origin.replace('http', 'ws')}${this.#address}websocket`;
    const socket = new WebSocket(url);
    this.#send = (text) => socket.send(text);
    this.#end = () => socket.close();
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => {
      if (this.#state === 'opening') this.#byPolling();
      else this.#finish('transport close');
    };
  }

  #byPolling() {
    const ended = new AbortController();
    const waiting = [];
    let sid = '';
    let sending = false;
    const ask = async (body) => {
      const url = `${this.#address}polling${sid}`;
      const options = body === undefined ? {} : { method: 'POST', body };
      const answer = await fetch(url, { ...options, cache: 'no-store', signal: ended.signal });
      if (!answer.ok) throw answer;
      return answer.text();
    };
    const fail = (why) => this.#finish('transport error', why.headers?.get('Retry-After'));
    const listen = async () => {
      while (this.#state !== 'closed') {
        for (const packet of (await ask()).split(SEPARATOR)) {
          if (packet[0] === '0') sid = `&sid=${JSON.parse(packet.slice(1)).sid}`;
          this.#hear(packet);
        }
      }
    };
    const flush = async () => {
      if (sending) return;
      sending = true;
      // One after the other: the server takes one request at a time, and in order.
      while (waiting.length > 0) await ask(waiting.splice(0).join(SEPARATOR));
      sending = false;
    };
    this.#send = (text) => {
      waiting.push(text);
      queueMicrotask(() => flush().catch(fail));
    };
    this.#end = () => ended.abort();
    listen().catch(fail);
  }

  #hear(packet) {
    if (this.#state === 'closed') return;
    const type = packet[0];
    const data = packet.slice(1);
    if (type === '0') {
      const { pingInterval, pingTimeout } = JSON.parse(data);
      this.#silence = pingInterval + pingTimeout;
      this.#state = 'open';
      this.transport.writable = true;
      this.#listened();
      this.#on.open();
    } else if (type === '2') {
      this.#listened();
      this.#send('3');
    } else if (type === '4') {
      this.#on.data(data);
    } else if (type === '1') {
      this.#finish('transport close');
    }
  }

  #listened() {
    clearTimeout(this.#ping);
    this.#expires = Date.now() + this.#silence;
    this.#ping = setTimeout(() => this.#finish('ping timeout'), this.#silence);
  }

  /** `cause` is in how many seconds the server wants to be asked again, if it has said so. */
  #finish(reason, cause) {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    this.transport.writable = false;
    clearTimeout(this.#ping);
    this.#end();
    this.#on.end(new Error(reason, { cause }), wasOpen);
  }
}
