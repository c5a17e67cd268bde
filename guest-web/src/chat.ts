// Decides everything: what the page knows after each event, and what it does next.
// Pure: no DOM, no network, no storage, no clock. `update` is the only way the state changes.
// Rules that the code does not show: an entry is applied only as number last + 1; one letter is in
// flight at a time, the earliest first, also over several tabs; a letter fails only by the server's word.

import {
  BLANK,
  type Answer,
  type Effect,
  type Entry,
  type Event,
  type Failure,
  type Letter,
  type Pending,
  type State,
  isBehind,
  isOver,
  lastSeq,
  target,
} from './state';
import type { ApiError, GuestTicket, Joined, Message, TicketPage } from './wire';

const HELD_MAX = 256;
const GAP_MS = 2_000;
const BACK_OFF_MS = 1_000;
const BACK_OFF_MAX_MS = 30_000;

/** One call of `update` under way. */
interface Turn {
  state: State;
  readonly effects: Effect[];
}

export function update(state: State, event: Event): { state: State; effects: readonly Effect[] } {
  const turn: Turn = { state, effects: [] };
  handle(turn, event);
  drain(turn);
  return turn;
}

function set(turn: Turn, patch: Partial<State>): void {
  turn.state = { ...turn.state, ...patch };
}

function handle(turn: Turn, event: Event): void {
  const { state } = turn;
  switch (event.is) {
    case 'opened':
      set(turn, { ...BLANK, session: event.session, loaded: !event.session, outbox: inOrder(event.outbox) });
      if (event.session) connect(turn);
      return;

    case 'written':
      set(turn, { outbox: inOrder([...state.outbox, { letter: event.letter, mine: true, sent: false }]) });
      return;

    case 'heard':
      hear(turn, event.letter);
      return;

    case 'dropped':
      dropElsewhere(turn, event.id);
      return;

    case 'adopted':
      set(turn, { outbox: state.outbox.map((p) => (event.ids.includes(p.letter.id) ? { ...p, mine: true } : p)) });
      return;

    case 'retried':
      change(turn, event.id, { failure: null, ticketId: null, details: event.details });
      set(turn, { outbox: turn.state.outbox.map((p) => (p.letter.id === event.id ? { ...p, mine: true } : p)) });
      return;

    case 'discarded':
      remove(turn, event.id);
      turn.effects.push({ do: 'drop', id: event.id });
      return;

    case 'newConversation':
      if (!state.ticket || !isOver(state.ticket)) return;
      leaveTicket(turn);
      set(turn, { fresh: true });
      if (state.sync !== 'none') list(turn);
      return;

    case 'done':
      if (state.ticket && !isOver(state.ticket)) ask(turn, { do: 'end', ticketId: state.ticket.id });
      return;

    case 'rated': {
      const { score, comment } = event;
      if (state.ticket) ask(turn, { do: 'rate', ticketId: state.ticket.id, score, comment });
      return;
    }

    case 'changed': {
      const { answer, ticketId } = event;
      set(turn, { asking: false, problem: answer?.ok ? null : (answer?.error.code ?? 'unanswered') });
      if (state.ticket?.id !== ticketId) set(turn, { problem: null });
      else if (answer?.ok) renew(turn, answer.data.ticket);
      // Another tab may have been faster, or an agent: the log says what has become of it.
      else if (answer && state.sync === 'ready') join(turn);
      return;
    }

    case 'earlierWanted':
      if (state.sync === 'ready') turn.effects.push({ do: 'earlier' });
      return;

    case 'earlier':
      if (event.answer?.ok) set(turn, { tickets: latestFirst(event.answer.data.tickets) });
      return;

    case 'chosen': {
      const ticket = state.tickets.find((t) => t.id === event.ticketId);
      if (!ticket || ticket.id === state.ticket?.id) return;
      leaveTicket(turn);
      set(turn, { ticket, fresh: false });
      if (state.sync !== 'none') join(turn);
      return;
    }

    case 'nearTop': {
      const first = state.entries[0];
      if (!state.hasOlder || state.loadingOlder || state.sync !== 'ready' || !first) return;
      set(turn, { loadingOlder: true });
      turn.effects.push({ do: 'older', ticketId: first.ticketId, before: first.seq });
      return;
    }

    case 'sessionBegun':
      if (state.session) return;
      set(turn, { session: true, beginning: false, tries: 0 });
      turn.effects.push({ do: 'rememberSession' });
      connect(turn);
      return;

    case 'sessionFailed':
      if (isTemporary(event.error)) {
        set(turn, { beginning: false, link: 'offline' });
        rest(turn, event.error);
      } else {
        set(turn, { beginning: false, link: 'idle' });
        failAll(turn, { code: event.error.code, message: event.error.message });
      }
      return;

    case 'connected':
      synchronise(turn);
      return;

    case 'cut':
      // What is held counts in a history that a restore may end before the next connection.
      set(turn, { sync: 'none', link: 'connecting', held: [] });
      return;

    case 'unreachable':
      set(turn, { link: 'offline' });
      return;

    case 'refused':
      leaveTicket(turn);
      set(turn, { session: false, beginning: false, fresh: false, link: 'idle', sync: 'none', sending: null });
      turn.effects.push({ do: 'forgetSession' }, { do: 'disconnect' });
      failAll(turn, { code: 'session_ended', message: '' });
      return;

    case 'listed':
      choose(turn, event.answer);
      return;

    case 'joined':
      if (state.ticket?.id === event.ticketId && state.sync === 'joining') read(turn, event.afterSeq, event.answer);
      return;

    case 'older': {
      const first = state.entries[0];
      if (state.ticket?.id !== event.ticketId || first?.seq !== event.before) return;
      if (!event.answer?.ok) {
        turn.effects.push({ do: 'wait', ms: GAP_MS, then: { is: 'olderRested' } });
        return;
      }
      const page = event.answer.data.messages.filter(isEntry).filter((m) => m.seq < first.seq);
      set(turn, {
        entries: [...page, ...state.entries],
        hasOlder: page.length > 0 && event.answer.data.hasMore,
        loadingOlder: false,
      });
      return;
    }

    case 'olderRested':
      set(turn, { loadingOlder: false });
      return;

    case 'created': {
      if (state.sending !== event.id) return;
      set(turn, { sending: null });
      if (!event.answer?.ok) {
        unsent(turn, event.id, event.answer);
        return;
      }
      // The answer has no epoch and need not hold the newest page, so the log is read by joining.
      const { ticket } = event.answer.data;
      leaveTicket(turn);
      set(turn, { ticket, fresh: false, tries: 0 });
      stored(turn, event.id, ticket.id);
      join(turn);
      return;
    }

    case 'sent': {
      if (state.sending !== event.id) return;
      set(turn, { sending: null });
      if (!event.answer?.ok) {
        unsent(turn, event.id, event.answer);
        return;
      }
      const { message } = event.answer.data;
      set(turn, { tries: 0 });
      stored(turn, event.id, message.ticketId);
      receive(turn, [message]);
      return;
    }

    case 'message':
      receive(turn, [event.message]);
      return;

    case 'ticket':
      renew(turn, event.ticket);
      return;

    case 'head': {
      // The last notice may be the one that was lost: nothing after it would have shown the gap.
      const { ticketId, seq, epoch } = event.head;
      const missed = epoch !== state.epoch || seq > lastSeq(state);
      if (state.sync === 'ready' && state.ticket?.id === ticketId && missed) join(turn);
      return;
    }

    case 'rested':
      set(turn, { resting: false });
      return;

    case 'resync':
      if (state.sync === 'stalled') synchronise(turn);
      return;

    case 'check':
      set(turn, { checking: false });
      if (state.sync === 'ready' && isBehind(state)) join(turn);
      return;
  }
}

// ---- Connecting, finding the conversation, reading it ----

function connect(turn: Turn): void {
  set(turn, { link: 'connecting' });
  turn.effects.push({ do: 'connect' });
}

function synchronise(turn: Turn): void {
  if (turn.state.ticket) join(turn);
  else list(turn);
}

function list(turn: Turn): void {
  set(turn, { sync: 'listing' });
  turn.effects.push({ do: 'list' });
}

/** Asks for what is missing, or for the newest page when there is nothing to go on from. */
function join(turn: Turn): void {
  const { ticket, epoch } = turn.state;
  if (!ticket) return;
  const afterSeq = epoch === null ? null : lastSeq(turn.state);
  set(turn, { sync: 'joining' });
  turn.effects.push({ do: 'join', ticketId: ticket.id, afterSeq, epoch });
}

function choose(turn: Turn, answer: Answer<TicketPage<GuestTicket>>): void {
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

function latestFirst(tickets: readonly GuestTicket[]): readonly GuestTicket[] {
  return [...tickets].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
}

/** One such request at a time, and none into the dark: it is the guest who presses again. */
function ask(turn: Turn, effect: Effect): void {
  const { asking, sync } = turn.state;
  if (asking) return;
  if (sync === 'ready') turn.effects.push(effect);
  set(turn, { asking: sync === 'ready', problem: sync === 'ready' ? null : 'unanswered' });
}

function read(turn: Turn, afterSeq: number | null, answer: Answer<Joined<GuestTicket>>): void {
  if (!answer?.ok) {
    if (answer?.error.code === 'not_found') {
      leaveTicket(turn);
      set(turn, { fresh: true });
    }
    stall(turn, answer);
    return;
  }
  const { ticket, epoch, reset, messages, hasMore } = answer.data;
  if (reset && afterSeq !== null) {
    // Another history: the numbers on the page mean nothing in it.
    set(turn, { ticket, epoch: null, entries: [], held: [], hasOlder: false, loadingOlder: false });
    join(turn);
    return;
  }
  set(turn, { epoch, loaded: true });
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

/** Forgets the conversation on the page; what is still to be sent stays. */
function leaveTicket(turn: Turn): void {
  const { ticket, epoch, entries, held, hasOlder, loadingOlder } = BLANK;
  const outbox = turn.state.outbox.filter((p) => !p.sent);
  set(turn, { problem: null, ticket, epoch, entries, held, hasOlder, loadingOlder, outbox, loaded: true });
}

function stall(turn: Turn, answer: Answer<unknown>): void {
  // Without a connection the next one starts from the beginning anyway.
  if (turn.state.sync === 'none') return;
  const error = answer && !answer.ok ? answer.error : null;
  if (error?.code === 'unauthenticated') {
    handle(turn, { is: 'refused' });
    return;
  }
  const ms = pause(turn, error);
  set(turn, { sync: 'stalled' });
  turn.effects.push({ do: 'wait', ms, then: { is: 'resync' } });
}

function check(turn: Turn): void {
  if (turn.state.checking) return;
  set(turn, { checking: true });
  turn.effects.push({ do: 'wait', ms: GAP_MS, then: { is: 'check' } });
}

// ---- Applying the log ----

function isEntry(message: Message): message is Entry {
  return message.seq !== undefined && !message.internal;
}

/** Applies what follows on, drops what is known, holds what lies beyond a gap. */
function receive(turn: Turn, messages: readonly Message[]): void {
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

/** An entry may say that the conversation was closed or opened again, before the ticket itself does. */
function follow(turn: Turn, entry: Entry): void {
  const { ticket } = turn.state;
  if (!ticket || entry.seq <= ticket.lastSeq) return;
  const type = entry.event?.type;
  const status = type === 'ticketClosed' ? 'closed' : type === 'ticketReopened' ? 'open' : ticket.status;
  const endedByGuest = type === 'guestEnded' || (ticket.endedByGuest && type !== 'ticketReopened' && entry.senderRole !== 'guest');
  set(turn, { ticket: { ...ticket, lastSeq: entry.seq, status, endedByGuest } });
}

/** Takes over a newer view of the ticket. One that is older than the log on the page is dropped. */
function renew(turn: Turn, ticket: GuestTicket): void {
  const { ticket: known, sync } = turn.state;
  if (known?.id !== ticket.id || ticket.lastSeq < known.lastSeq) return;
  set(turn, { ticket });
  if (sync === 'ready' && isBehind(turn.state)) check(turn);
}

/** An entry has come into the log: it leaves the outbox, whether or not its ack has arrived. */
function settle(turn: Turn, entry: Entry): void {
  const id = entry.clientMessageId;
  if (id === null || !turn.state.outbox.some((p) => p.letter.id === id)) return;
  remove(turn, id);
  turn.effects.push({ do: 'drop', id });
}

// ---- The outbox ----

function inOrder(outbox: readonly Pending[]): readonly Pending[] {
  return [...outbox].sort((a, b) => a.letter.at - b.letter.at || (a.letter.id < b.letter.id ? -1 : 1));
}

/** Sends the first letter that waits, if it may go now. */
function drain(turn: Turn): void {
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

function unsent(turn: Turn, id: string, answer: Answer<unknown>): void {
  if (!answer || answer.ok) return; // No answer: `drain` sends it again, with the same id.
  const { error } = answer;
  if (isTemporary(error)) {
    rest(turn, error);
    return;
  }
  if (error.code === 'unauthenticated') {
    handle(turn, { is: 'refused' });
    return;
  }
  const { ticket, outbox } = turn.state;
  const letter = outbox.find((p) => p.letter.id === id)?.letter;
  if (error.code === 'ticket_closed' && ticket?.status === 'open' && letter?.ticketId === ticket.id) {
    set(turn, { ticket: { ...ticket, status: 'closed' } });
    join(turn);
  }
  change(turn, id, { failure: { code: error.code, message: error.message } });
}

/** Not the last word: the same request may succeed later. Neither is no answer at all. */
function isTemporary(error: ApiError | null): error is TemporaryError | null {
  return error === null || error.code === 'rate_limited' || error.code === 'unavailable' || error.code === 'internal';
}

type TemporaryError = ApiError & { code: 'rate_limited' | 'unavailable' | 'internal' };

function rest(turn: Turn, error: ApiError | null): void {
  const ms = pause(turn, error);
  set(turn, { resting: true });
  turn.effects.push({ do: 'wait', ms, then: { is: 'rested' } });
}

/** How long to leave the server alone: what it asked for, else longer each time. */
function pause(turn: Turn, error: ApiError | null): number {
  const { tries } = turn.state;
  set(turn, { tries: tries + 1 });
  return error?.retryAfterMs ?? Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** tries);
}

/** The server has it: the outbox may forget it, the page shows it until its entry is applied. */
function stored(turn: Turn, id: string, ticketId: string): void {
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

function hear(turn: Turn, letter: Letter): void {
  const { outbox, entries } = turn.state;
  if (entries.some((entry) => entry.clientMessageId === letter.id)) return;
  const known = outbox.find((p) => p.letter.id === letter.id);
  const others = outbox.filter((p) => p !== known);
  set(turn, { outbox: inOrder([...others, { letter, mine: known?.mine ?? false, sent: known?.sent ?? false }]) });
}

/** Another tab is done with a letter: it was stored, or the guest discarded it. */
function dropElsewhere(turn: Turn, id: string): void {
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

function remove(turn: Turn, id: string): void {
  set(turn, { outbox: turn.state.outbox.filter((p) => p.letter.id !== id) });
}

function change(turn: Turn, id: string, patch: Partial<Pick<Letter, 'ticketId' | 'failure' | 'details'>>): void {
  const pending = turn.state.outbox.find((p) => p.letter.id === id);
  if (!pending) return;
  const letter: Letter = { ...pending.letter, ...patch };
  set(turn, { outbox: turn.state.outbox.map((p) => (p === pending ? { ...p, letter } : p)) });
  turn.effects.push({ do: 'keep', letter });
}

/** Nothing that waits can be sent any more unless the guest says so. */
function failAll(turn: Turn, failure: Failure): void {
  for (const { letter, sent } of turn.state.outbox) {
    if (!sent && letter.failure === null) change(turn, letter.id, { failure, ticketId: null });
  }
}

