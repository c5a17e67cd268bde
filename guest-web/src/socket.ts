// The one connection to the server, and the only file that names the Socket.IO client.
// It reports what happens and carries requests; it never decides what to do about an answer.
// It connects again after whatever ended a connection, but a refusal of the guest: later each time,
// not everybody at the same moment, and when the server has announced that it stops, when it said.

import { Manager, type Socket } from 'socket.io-client';
import type { Answer } from './state';
import type { GuestTicket, HeadNotice, Message, Notices, Requests } from './wire';

const ACK_MS = 10_000;
const DELAY_MS = 500;
const DELAY_MAX_MS = 30_000;

/** What is acknowledged: everything but a word on who is typing. */
type Asked = Exclude<keyof Requests, 'ticket:typing'>;
type Payload<E extends Asked> = Parameters<Requests[E]>[0];
type Reply<E extends Asked> = Parameters<Parameters<Requests[E]>[1]>[0];
type Data<A> = A extends { ok: true; data: infer T } ? T : never;

export interface Listener {
  connected(): void;
  /** A connection that stood is gone. */
  cut(): void;
  /** An attempt to connect failed; another follows. */
  unreachable(): void;
  /** The server does not know this guest (any more). No other attempt follows. */
  refused(): void;
  message(message: Message): void;
  ticket(ticket: GuestTicket): void;
  head(head: HeadNotice): void;
}

export interface Connection {
  connect(): void;
  disconnect(): void;
  /** Resolves to null when there was no answer in time. Nothing is queued while offline. */
  request<E extends Asked>(event: E, payload: Payload<E>): Promise<Answer<Data<Reply<E>>>>;
}

export function createConnection(listener: Listener): Connection {
  const manager = new Manager({ path: '/socket.io/', autoConnect: false, reconnection: false, timeout: ACK_MS });
  const socket: Socket<Notices> = manager.socket('/guest');
  // The same socket for emitting: an acknowledgement with a deadline is beyond what its types can say.
  const emitter: Socket = socket;
  let wanted = false;
  let failures = 0;
  let stopInMs: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function connectAfter(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => socket.connect(), ms);
  }

  function backOff(): number {
    failures += 1;
    return Math.random() * Math.min(DELAY_MAX_MS, DELAY_MS * 2 ** failures);
  }

  function giveUp(): void {
    wanted = false;
    clearTimeout(timer);
    socket.disconnect();
  }

  socket.on('connect', () => {
    failures = 0;
    listener.connected();
  });

  socket.on('disconnect', () => {
    if (!wanted) return;
    listener.cut();
    connectAfter(stopInMs ?? backOff());
    stopInMs = null;
  });

  socket.on('connect_error', ({ message }) => {
    if (!wanted) return;
    if (message === 'unauthenticated') {
      giveUp();
      listener.refused();
      return;
    }
    listener.unreachable();
    connectAfter(backOff());
  });

  socket.on('message:new', ({ message }) => listener.message(message));
  socket.on('ticket:updated', ({ ticket }) => listener.ticket(ticket));
  socket.on('ticket:closed', ({ ticket }) => listener.ticket(ticket));
  socket.on('ticket:head', (head) => listener.head(head));
  socket.on('server:draining', ({ reconnectInMs }) => {
    stopInMs = reconnectInMs;
  });
  socket.on('session:ended', () => {
    giveUp();
    listener.refused();
  });

  // The network is back: no need to sit out the rest of the delay.
  window.addEventListener('online', () => {
    if (!wanted || socket.connected) return;
    clearTimeout(timer);
    socket.disconnect().connect();
  });

  return {
    connect() {
      wanted = true;
      socket.connect();
    },
    disconnect: giveUp,
    request(event, payload) {
      return new Promise((resolve) => {
        if (!socket.connected) {
          resolve(null);
          return;
        }
        emitter
          .timeout(ACK_MS)
          .emit(event, payload, (missed: Error | null, answer: Reply<typeof event>) =>
            resolve(missed ? null : (answer as Answer<Data<Reply<typeof event>>>)),
          );
      });
    },
  };
}
