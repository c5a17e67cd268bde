// The log of one conversation: asking for it, and applying it by number. An entry is applied only as
// number last + 1; what is known is dropped, what lies beyond a gap is held and asked for.

import { settle, stored } from './letters';
import { BLANK, type Entry, isBehind, lastSeq } from './state';
import { type Turn, set, wait } from './turn';
import type { GuestTicket, Message, SenderRole } from './wire';

const HELD_MAX = 256;
const GAP_MS = 2_000;

/** Asks for what is missing, or for the newest page when there is nothing to go on from. */
export function join(turn: Turn): void {
  const { ticket, epoch } = turn.state;
  if (!ticket) return;
  const afterSeq = epoch === null ? null : lastSeq(turn.state);
  set(turn, { sync: 'joining' });
  turn.effects.push({ do: 'join', ticketId: ticket.id, afterSeq, epoch });
}

export function check(turn: Turn): void {
  if (turn.state.checking) return;
  set(turn, { checking: true });
  wait(turn, GAP_MS, { is: 'check' });
}

/** Forgets the conversation on the page; what is still to be sent stays. */
export function leaveTicket(turn: Turn): void {
  const { problem, ticket, epoch, entries, held, agents, typing, typed, hasOlder, loadingOlder } = BLANK;
  const outbox = turn.state.outbox.filter((p) => !p.sent);
  set(turn, { problem, ticket, epoch, entries, held, agents, typing, typed, hasOlder, loadingOlder, outbox, loaded: true });
}

export function isEntry(message: Message): message is Entry {
  return message.seq !== undefined && !message.internal;
}

/** Applies what follows on, drops what is known, holds what lies beyond a gap. */
export function receive(turn: Turn, messages: readonly Message[]): void {
  const { ticket, entries, held } = turn.state;
  if (!ticket) return;
  const waiting = new Map(held.map((entry) => [entry.seq, entry]));
  for (const message of messages) {
    if (message.ticketId === ticket.id && isEntry(message)) waiting.set(message.seq, message);
  }
  let last = lastSeq(turn.state);
  const applied: Entry[] = [];
  // Before the first page has come there is nothing that an entry could follow on.
  if (entries.length > 0) {
    for (let next = waiting.get(last + 1); next; next = waiting.get(last + 1)) {
      applied.push(next);
      last += 1;
    }
  }
  const beyond = [...waiting.values()].filter((entry) => entry.seq > last).sort((a, b) => a.seq - b.seq);
  set(turn, { entries: applied.length > 0 ? [...entries, ...applied] : entries, held: beyond.slice(0, HELD_MAX) });
  for (const entry of beyond) if (entry.clientMessageId) stored(turn, entry.clientMessageId, entry.ticketId);
  for (const entry of applied) {
    settle(turn, entry);
    follow(turn, entry);
  }
  if (beyond.length > 0 && turn.state.sync === 'ready' && !turn.state.checking) join(turn);
}

/** An entry may say that an agent came or went, and what has become of the ticket before that itself does. */
export function follow(turn: Turn, { seq, senderRole, event }: Entry): void {
  const { ticket, agents, typing } = turn.state;
  const type = event?.type;
  if (event?.type === 'agentJoined' || event?.type === 'agentLeft') {
    const { name } = event.agent;
    const others = agents.filter((it) => it !== name);
    set(turn, { agents: type === 'agentLeft' ? others : [...others, name] });
  }
  if (typing && senderRole === 'agent') set(turn, { typing: null });
  if (!ticket || seq <= ticket.lastSeq) return;
  const status = type === 'ticketClosed' ? 'closed' : type === 'ticketReopened' ? 'open' : ticket.status;
  const endedByGuest = type === 'guestEnded' || (ticket.endedByGuest && type !== 'ticketReopened' && senderRole !== 'guest');
  set(turn, { ticket: { ...ticket, lastSeq: seq, status, endedByGuest } });
  // Who writes has seen what is above.
  if (senderRole !== 'system') mark(turn, senderRole, seq);
}

/** Takes over a newer view of the ticket. One that is older than the log on the page is dropped. */
export function renew(turn: Turn, ticket: GuestTicket): void {
  const { ticket: known, sync } = turn.state;
  if (known?.id !== ticket.id || ticket.lastSeq < known.lastSeq) return;
  set(turn, { ticket });
  mark(turn, 'guest', known.guestReadSeq);
  mark(turn, 'agent', known.agentReadSeq);
  if (sync === 'ready' && isBehind(turn.state)) check(turn);
}

/** How far the guest or the agents have read. A mark only rises. */
export function mark(turn: Turn, role: SenderRole, seq: number): void {
  const { ticket } = turn.state;
  const whose = role === 'guest' ? 'guestReadSeq' : 'agentReadSeq';
  if (ticket && ticket[whose] < seq) set(turn, { ticket: { ...ticket, [whose]: seq } });
}
