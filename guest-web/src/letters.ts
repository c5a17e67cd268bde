// Letters: messages on their way to the server, as the page shows them and the browser keeps them.
// It must not decide when one is sent: sending.ts does.

import type { Entry, Failure, Letter, Pending } from './state';
import { type Turn, set } from './turn';

export function inOrder(outbox: readonly Pending[]): readonly Pending[] {
  return [...outbox].sort((a, b) => a.letter.at - b.letter.at || (a.letter.id < b.letter.id ? -1 : 1));
}

export function change(turn: Turn, id: string, patch: Partial<Pick<Letter, 'ticketId' | 'failure' | 'details'>>): void {
  const pending = turn.state.outbox.find((p) => p.letter.id === id);
  if (!pending) return;
  const letter: Letter = { ...pending.letter, ...patch };
  set(turn, { outbox: turn.state.outbox.map((p) => (p === pending ? { ...p, letter } : p)) });
  turn.effects.push({ do: 'keep', letter });
}

export function remove(turn: Turn, id: string): void {
  set(turn, { outbox: turn.state.outbox.filter((p) => p.letter.id !== id) });
}

/** The server has it: the outbox may forget it, the page shows it until its entry is applied. */
export function stored(turn: Turn, id: string, ticketId: string): void {
  const pending = turn.state.outbox.find((p) => p.letter.id === id);
  if (!pending || pending.sent) return;
  turn.effects.push({ do: 'drop', id });
  if (turn.state.ticket?.id !== ticketId) {
    remove(turn, id);
    return;
  }
  const sent: Pending = { ...pending, letter: { ...pending.letter, ticketId, failure: null }, sent: true };
  set(turn, { outbox: turn.state.outbox.map((p) => (p === pending ? sent : p)) });
}

/** An entry has come into the log: it leaves the outbox, whether or not its ack has arrived. */
export function settle(turn: Turn, entry: Entry): void {
  const id = entry.clientMessageId;
  if (id === null || !turn.state.outbox.some((p) => p.letter.id === id)) return;
  remove(turn, id);
  turn.effects.push({ do: 'drop', id });
}

export function hear(turn: Turn, letter: Letter): void {
  const { outbox, entries } = turn.state;
  if (entries.some((entry) => entry.clientMessageId === letter.id)) {
    // A tab that did not know yet has stored it again.
    turn.effects.push({ do: 'drop', id: letter.id });
    return;
  }
  const known = outbox.find((p) => p.letter.id === letter.id);
  const others = outbox.filter((p) => p !== known);
  set(turn, { outbox: inOrder([...others, { letter, mine: known?.mine ?? false, sent: known?.sent ?? false }]) });
}

/** Nothing that waits can be sent any more unless the guest says so. */
export function failAll(turn: Turn, failure: Failure): void {
  for (const { letter, sent } of turn.state.outbox) {
    if (!sent && letter.failure === null) change(turn, letter.id, { failure, ticketId: null });
  }
}
