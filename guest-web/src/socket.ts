// The one connection to the server, and the only file that names the Socket.IO client.
// It reports what happens and carries requests; it never decides what to do about an answer.
// It connects again after whatever ended a connection, but a refusal of the guest: later each time,
// not everybody at the same moment, and where the server has said when, then.

import { Manager, type Socket } from 'socket.io-client';
import type { Answer, Event } from './state';
import type { Notices, Requests, Typing } from './wire';

const ACK_MS = 10_000;
const DELAY_MS = 500;
const DELAY_MAX_MS = 30_000;

/** What is acknowledged: everything but a word on who is typing. */
export type Asked = Exclude<keyof Requests, 'ticket:typing'>;
export type Payload<E extends Asked> = Parameters<Requests[E]>[0];
/** What an acknowledgement brings. */
export type Reply<E extends Asked> = Data<Parameters<Parameters<Requests[E]>[1]>[0]>;
type Data<A> = A extends { ok: true; data: infer T } ? T : never;

export interface Connection {
  connect(): void;
  disconnect(): void;
  /** Says that the guest is writing, or not any more; lost if there is no connection. */
  type(payload: Typing): void;
  /** Resolves to null when there was no answer in time. Nothing is queued while offline. */
  request<E extends Asked>(event: E, payload: Payload<E>): Promise<Answer<Reply<E>>>;
}

/** What happens to the connection, and what comes over it, are events. */
export function createConnection(dispatch: (event: Event) => void): Connection {
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
    dispatch({ is: 'connected' });
  });

  socket.on('disconnect', () => {
    if (!wanted) return;
    dispatch({ is: 'cut' });
    connectAfter(stopInMs ?? backOff());
    stopInMs = null;
  });

  socket.on('connect_error', ({ message, cause }) => {
    if (!wanted) return;
    if (message === 'unauthenticated') {
      giveUp();
      dispatch({ is: 'refused' });
      return;
    }
    dispatch({ is: 'unreachable' });
    // A server that too many come to says in how many seconds it is this client's turn.
    connectAfter(Math.min(DELAY_MAX_MS, Number(cause) * 1_000) || backOff());
  });

  socket.on('message:new', ({ message }) => dispatch({ is: 'message', message }));
  socket.on('ticket:updated', ({ ticket }) => dispatch({ is: 'ticket', ticket }));
  socket.on('ticket:closed', ({ ticket }) => dispatch({ is: 'ticket', ticket }));
  socket.on('ticket:head', (head) => dispatch({ is: 'head', head }));
  socket.on('ticket:typing', (notice) => dispatch({ is: 'typing', notice }));
  socket.on('ticket:read', (notice) => dispatch({ is: 'read', notice }));
  socket.on('server:draining', ({ reconnectInMs }) => {
    stopInMs = reconnectInMs;
  });
  socket.on('session:ended', () => {
    giveUp();
    dispatch({ is: 'refused' });
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
    type(payload) {
      if (socket.connected) emitter.emit('ticket:typing', payload);
    },
    request(event, payload) {
      return new Promise((resolve) => {
        if (!socket.connected) {
          resolve(null);
          return;
        }
        emitter
          .timeout(ACK_MS)
          .emit(event, payload, (missed: Error | null, answer: Answer<Reply<typeof event>>) =>
            resolve(missed ? null : answer),
          );
      });
    },
  };
}
