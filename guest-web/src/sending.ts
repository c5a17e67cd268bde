// Which letter goes when, and what becomes of one that did not get through. One letter is in flight at
// a time, the earliest first, also over several tabs; a letter fails only by the server's word.

import { change, remove } from './letters';
import { join } from './log';
import { type Answer, target } from './state';
import { list, refuse } from './sync';
import { type Turn, pause, set, wait } from './turn';
import type { ApiError } from './wire';

/** Sends the first letter that waits, if it may go now. */
export function drain(turn: Turn): void {
  const { state } = turn;
  const next = state.outbox.find((p) => !p.sent && p.letter.failure === null);
  // Another tab's letter holds up the later ones until that tab has sent it or it is adopted.
  if (!next?.mine || state.sending !== null || state.resting) return;
  if (!state.session) {
    if (state.beginning) return;
    set(turn, { beginning: true, link: 'connecting' });
    turn.effects.push({ do: 'beginSession', details: next.letter.details });
    return;
  }
  if (state.sync !== 'ready') return;
  set(turn, { sending: next.letter.id });
  const ticketId = next.letter.ticketId ?? target(state);
  if (ticketId === null) {
    turn.effects.push({ do: 'create', letter: next.letter });
    return;
  }
  if (next.letter.ticketId === null) change(turn, next.letter.id, { ticketId });
  turn.effects.push({ do: 'send', letter: next.letter, ticketId });
}

export function unsent(turn: Turn, id: string, answer: Answer<unknown>): void {
  if (!answer || answer.ok) return; // No answer: `drain` sends it again, with the same id.
  const { error } = answer;
  if (isTemporary(error)) {
    rest(turn, error);
    return;
  }
  if (error.code === 'unauthenticated') {
    refuse(turn);
    return;
  }
  const { ticket, outbox } = turn.state;
  const letter = outbox.find((p) => p.letter.id === id)?.letter;
  if (error.code === 'ticket_closed' && ticket?.status === 'open' && letter?.ticketId === ticket.id) {
    set(turn, { ticket: { ...ticket, status: 'closed' } });
    join(turn);
  }
  change(turn, id, { failure: { code: error.code } });
}

/** Not the last word: the same request may succeed later. Neither is no answer at all. */
export function isTemporary(error: ApiError | null): error is TemporaryError | null {
  return error === null || error.code === 'rate_limited' || error.code === 'unavailable' || error.code === 'internal';
}

type TemporaryError = ApiError & { code: 'rate_limited' | 'unavailable' | 'internal' };

export function rest(turn: Turn, error: ApiError | null): void {
  const ms = pause(turn, error);
  set(turn, { resting: true });
  wait(turn, ms, { is: 'rested' });
}

/** Another tab is done with a letter: it was stored, or the guest discarded it. */
export function dropElsewhere(turn: Turn, id: string): void {
  const { outbox, ticket, sync } = turn.state;
  const pending = outbox.find((p) => p.letter.id === id);
  if (!pending || pending.sent) return;
  const wasStored = pending.letter.failure === null;
  if (wasStored && ticket && pending.letter.ticketId === ticket.id) {
    set(turn, { outbox: outbox.map((p) => (p === pending ? { ...p, sent: true } : p)) });
    return;
  }
  remove(turn, id);
  // It may have opened a conversation that this tab does not know.
  if (wasStored && !ticket && sync === 'ready') list(turn);
}
