// Decides everything: what the page knows after each event, and what it does next.
// Pure: no DOM, no network, no storage, no clock. `update` is the only way the state changes.
// This file says what each event leads to; the steps are in sync.ts, log.ts, sending.ts and letters.ts.

import { change, failAll, hear, inOrder, remove, stored } from './letters';
import { isEntry, join, leaveTicket, mark, receive, renew } from './log';
import { dropElsewhere, drain, isTemporary, rest, unsent } from './sending';
import { BLANK, type Effect, type Event, type State, isBehind, isOver, lastSeq, target } from './state';
import { ask, choose, connect, latestFirst, list, read, refuse, synchronise } from './sync';
import { type Turn, set, wait } from './turn';

const OLDER_MS = 2_000;
const TYPING_MS = 6_000;
/** The time between two starts of writing that the protocol gives. */
const HUSH_MS = 2_000;

export function update(state: State, event: Event): { state: State; effects: readonly Effect[] } {
  const turn: Turn = { state, effects: [] };
  handle(turn, event);
  drain(turn);
  return turn;
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

    case 'introduced':
      set(turn, { named: null });
      turn.effects.push({ do: 'introduce', details: event.details });
      return;

    case 'named':
      set(turn, { named: event.as });
      return;

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
        failAll(turn, { code: event.error.code });
      }
      return;

    case 'connected':
      synchronise(turn);
      return;

    case 'cut':
      // What is held counts in a history that a restore may end before the next connection.
      set(turn, { sync: 'none', link: 'connecting', held: [], typing: null, typed: false });
      return;

    case 'unreachable':
      set(turn, { link: 'offline' });
      return;

    case 'refused':
      refuse(turn);
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
        wait(turn, OLDER_MS, { is: 'olderRested' });
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
      set(turn, { ticket, tickets: [ticket, ...state.tickets], fresh: false, tries: 0 });
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

    case 'typing': {
      const { notice } = event;
      if (notice.role !== 'agent' || notice.ticketId !== state.ticket?.id) return;
      if (notice.typing) {
        set(turn, { typing: notice });
        // A stop may be lost. Who writes on says so again long before this.
        wait(turn, TYPING_MS, { is: 'faded', notice });
      } else if (state.typing?.name === notice.name) set(turn, { typing: null });
      return;
    }

    case 'faded':
      if (state.typing === event.notice) set(turn, { typing: null });
      return;

    case 'read': {
      const { ticketId, role, seq } = event.notice;
      if (state.ticket?.id === ticketId) mark(turn, role, seq);
      return;
    }

    case 'seen': {
      const { ticket, sync } = state;
      const seq = lastSeq(state);
      if (!ticket || sync !== 'ready' || seq <= ticket.guestReadSeq) return;
      mark(turn, 'guest', seq);
      turn.effects.push({ do: 'read', ticketId: ticket.id, seq });
      return;
    }

    case 'typed': {
      const { typing } = event;
      const ticketId = target(state);
      if (!ticketId || state.sync !== 'ready' || (typing ? state.hushed : !state.typed)) return;
      set(turn, { typed: typing, hushed: state.hushed || typing });
      turn.effects.push({ do: 'typing', ticketId, typing });
      if (typing) wait(turn, HUSH_MS, { is: 'unhushed' });
      return;
    }

    case 'unhushed':
      set(turn, { hushed: false });
      return;

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
