// From a connection to a conversation that is shown: connecting, finding the one that goes on, reading
// what is missing of it.

import { failAll, settle } from './letters';
import { check, follow, isEntry, join, leaveTicket, receive, renew } from './log';
import { type Answer, type Effect, isBehind, isOver, lastSeq } from './state';
import { type Turn, pause, set, wait } from './turn';
import type { GuestTicket, Joined, TicketPage } from './wire';

export function connect(turn: Turn): void {
  set(turn, { link: 'connecting' });
  turn.effects.push({ do: 'connect' });
}

export function synchronise(turn: Turn): void {
  if (turn.state.ticket) join(turn);
  else list(turn);
}

export function list(turn: Turn): void {
  set(turn, { sync: 'listing' });
  turn.effects.push({ do: 'list' });
}

export function choose(turn: Turn, answer: Answer<TicketPage<GuestTicket>>): void {
  const { state } = turn;
  if (state.sync !== 'listing') return;
  if (!answer?.ok) {
    stall(turn, answer);
    return;
  }
  const tickets = latestFirst(answer.data.tickets);
  const goesOn = tickets.find((t) => !isOver(t));
  const ticket = goesOn ?? (state.fresh ? undefined : (tickets.find((t) => t.status === 'open') ?? tickets[0]));
  set(turn, { tickets });
  if (ticket) {
    set(turn, { ticket, fresh: false });
    join(turn);
  } else {
    set(turn, { loaded: true, sync: 'ready', link: 'online', tries: 0 });
  }
}

export function latestFirst(tickets: readonly GuestTicket[]): readonly GuestTicket[] {
  return [...tickets].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
}

/** One such request at a time, and none into the dark: it is the guest who presses again. */
export function ask(turn: Turn, effect: Effect): void {
  const { asking, sync } = turn.state;
  if (asking) return;
  if (sync === 'ready') turn.effects.push(effect);
  set(turn, { asking: sync === 'ready', problem: sync === 'ready' ? null : 'unanswered' });
}

export function read(turn: Turn, afterSeq: number | null, answer: Answer<Joined<GuestTicket>>): void {
  if (!answer?.ok) {
    if (answer?.error.code === 'not_found') {
      leaveTicket(turn);
      set(turn, { fresh: true });
    }
    stall(turn, answer);
    return;
  }
  const { ticket, epoch, reset, messages, hasMore, participants } = answer.data;
  const { ticket: known } = turn.state;
  if (reset && afterSeq !== null) {
    // Another history: the numbers on the page mean nothing in it.
    set(turn, { ticket, epoch: null, entries: [], held: [], hasOlder: false, loadingOlder: false });
    join(turn);
    return;
  }
  const agents = participants.filter(({ role }) => role === 'agent').map(({ name }) => name);
  // What the page has marked as seen before a cut may not have been heard.
  set(turn, { epoch, loaded: true, agents, ticket: known && { ...known, guestReadSeq: 0 } });
  renew(turn, ticket);
  if (afterSeq === null) {
    const page = messages.filter(isEntry);
    set(turn, { entries: page, hasOlder: hasMore });
    for (const entry of page) {
      settle(turn, entry);
      follow(turn, entry);
    }
    receive(turn, []);
  } else {
    receive(turn, messages);
    if (hasMore && lastSeq(turn.state) > afterSeq) {
      join(turn);
      return;
    }
  }
  // Whatever was stored before this answer is in the log by now, or held beyond a gap.
  const held = new Set(turn.state.held.map((entry) => entry.clientMessageId));
  set(turn, {
    outbox: turn.state.outbox.filter((p) => !p.sent || held.has(p.letter.id)),
    sync: 'ready',
    link: 'online',
    tries: 0,
  });
  if (isBehind(turn.state)) check(turn);
}

function stall(turn: Turn, answer: Answer<unknown>): void {
  // Without a connection the next one starts from the beginning anyway.
  if (turn.state.sync === 'none') return;
  const error = answer && !answer.ok ? answer.error : null;
  if (error?.code === 'unauthenticated') {
    refuse(turn);
    return;
  }
  const ms = pause(turn, error);
  set(turn, { sync: 'stalled' });
  wait(turn, ms, { is: 'resync' });
}

/** The server does not know this guest (any more). */
export function refuse(turn: Turn): void {
  leaveTicket(turn);
  set(turn, { session: false, beginning: false, fresh: false, link: 'idle', sync: 'none', sending: null });
  turn.effects.push({ do: 'forgetSession' }, { do: 'disconnect' });
  failAll(turn, { code: 'session_ended' });
}
