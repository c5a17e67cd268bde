// Wires the page together: events go into `update`, its effects are carried out, the view is drawn.
// It decides nothing. The only file that has timers and calls the HTTP interface.

import { update } from './chat';
import { joinHost } from './frame';
import { Outbox } from './outbox';
import { type Asked, type Payload, type Reply, createConnection } from './socket';
import { type Answer, BLANK, type Details, type Effect, type Event, type State, target } from './state';
import { View } from './view';
import { chooseLanguage } from './words';
import type { ApiError, CreateTicket } from './wire';

const HTTP_MS = 10_000;
const ADOPT_EVERY_MS = 2_000;
/** Conversations that the list of earlier ones shows. */
const EARLIER_MAX = 200;

let state: State = BLANK;

await chooseLanguage();

const outbox = new Outbox({
  kept: (letter) => dispatch({ is: 'heard', letter }),
  dropped: (id) => dispatch({ is: 'dropped', id }),
  sessionBegun: () => dispatch({ is: 'sessionBegun' }),
});

const host = joinHost((shown) => view.show(shown));

// In a frame it is put away until the site says that it is not.
const view = new View({
  dispatch,
  send(text, details) {
    const letter = outbox.write(text, target(state), details);
    if (letter) dispatch({ is: 'written', letter });
    return letter !== null;
  },
  draft: (at) => outbox.draft(at),
  keepDraft: (at, text) => outbox.keepDraft(at, text),
  unread: (count) => host?.tell({ support: 'unread', count }),
}, !host);

const connection = createConnection(dispatch);

function dispatch(event: Event): void {
  const before = state;
  const next = update(state, event);
  state = next.state;
  next.effects.forEach(perform);
  // The view may answer a change with an event of its own: nothing new ends that.
  if (state !== before) view.render(state);
}

function perform(effect: Effect): void {
  switch (effect.do) {
    case 'beginSession':
      void beginSession(effect.details).then(dispatch);
      return;
    case 'introduce':
      void beginSession(effect.details).then((begun) => {
        dispatch({ is: 'named', as: begun.is === 'sessionBegun' ? 'kept' : (begun.error?.code ?? 'unanswered') });
      });
      return;
    case 'rememberSession':
      outbox.hasSession = true;
      return;
    case 'forgetSession':
      outbox.hasSession = false;
      return;
    case 'connect':
      connection.connect();
      return;
    case 'disconnect':
      connection.disconnect();
      return;
    case 'list':
      ask('ticket:list', {}, (answer) => ({ is: 'listed', answer }));
      return;
    case 'join': {
      const { ticketId, afterSeq, epoch } = effect;
      const from = afterSeq !== null && epoch !== null ? { afterSeq, epoch } : {};
      ask('ticket:join', { ticketId, ...from }, (answer) => ({ is: 'joined', ticketId, afterSeq, answer }));
      return;
    }
    case 'older': {
      const { ticketId, before } = effect;
      ask('message:list', { ticketId, before, limit: 50 }, (answer) => ({ is: 'older', ticketId, before, answer }));
      return;
    }
    case 'earlier':
      ask('ticket:list', { limit: EARLIER_MAX }, (answer) => ({ is: 'earlier', answer }));
      return;
    case 'end': {
      const { ticketId } = effect;
      ask('ticket:end', { ticketId }, (answer) => ({ is: 'changed', ticketId, answer }));
      return;
    }
    case 'rate': {
      const { ticketId, score, comment } = effect;
      const payload = { ticketId, score, ...(comment ? { comment } : {}) };
      ask('ticket:rate', payload, (answer) => ({ is: 'changed', ticketId, answer }));
      return;
    }
    case 'create': {
      const { id, text, details } = effect.letter;
      const payload: CreateTicket = { content: text, clientMessageId: id, ...given(details) };
      ask('ticket:create', payload, (answer) => ({ is: 'created', id, answer }));
      return;
    }
    case 'send': {
      const { id, text } = effect.letter;
      const payload = { ticketId: effect.ticketId, content: text, clientMessageId: id };
      ask('message:send', payload, (answer) => ({ is: 'sent', id, answer }));
      return;
    }
    case 'read':
      // Without an answer the page asks again when it has come back.
      void connection.request('ticket:read', { ticketId: effect.ticketId, seq: effect.seq });
      return;
    case 'typing':
      connection.type({ ticketId: effect.ticketId, typing: effect.typing });
      return;
    case 'keep':
      outbox.keep(effect.letter);
      return;
    case 'drop':
      outbox.drop(effect.id);
      return;
    case 'wait':
      // Never earlier than asked for, and not everybody at the same moment.
      setTimeout(() => dispatch(effect.then), effect.ms * (1 + Math.random() / 4));
      return;
  }
}

/** A request whose answer is an event. */
function ask<E extends Asked>(event: E, payload: Payload<E>, then: (answer: Answer<Reply<E>>) => Event): void {
  void connection.request(event, payload).then((answer) => dispatch(then(answer)));
}

/** A session, or the one that there is with what its guest says of itself. */
async function beginSession({ name, email }: Details): Promise<Event & { is: 'sessionBegun' | 'sessionFailed' }> {
  try {
    const response = await fetch('/guest/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...given({ name, email }), ...(host ? { embeddedIn: host.origin } : {}) }),
      signal: AbortSignal.timeout(HTTP_MS),
    });
    if (response.ok) return { is: 'sessionBegun' };
    return { is: 'sessionFailed', error: await problem(response) };
  } catch {
    return { is: 'sessionFailed', error: null };
  }
}

/** The error in a problem+json answer; null when something in between answered instead. */
async function problem(response: Response): Promise<ApiError | null> {
  const body = (await response.json()) as Partial<ApiError> & { detail?: string; title?: string };
  if (!body.code) return null;
  return { code: body.code, message: body.detail ?? body.title ?? body.code, retryAfterMs: body.retryAfterMs ?? null };
}

/** Without what the guest has left empty. */
function given<T extends Partial<Details>>(details: T): Partial<T> {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== '')) as Partial<T>;
}

setInterval(() => {
  const ids = state.outbox.filter((p) => !p.mine && outbox.isAdoptable(p.letter)).map((p) => p.letter.id);
  if (ids.length > 0) dispatch({ is: 'adopted', ids });
}, ADOPT_EVERY_MS);

dispatch({ is: 'opened', session: outbox.hasSession, outbox: outbox.load() });
