// A desk in memory that keeps the promises of the wire protocol, with one guest and any number of tabs
// to talk to. A tab is the state, its effects under way, and what the desk has on the way to it.
// Nothing runs by itself: the test says which of the possible steps happens next.

import { update } from '../src/chat';
import { BLANK, type Details, type Effect, type Event, type Letter, type Pending, type State } from '../src/state';
import type { ApiError, GuestTicket, Joined, Message, Rating, ReadNotice, SenderRole, SystemEvent } from '../src/wire';

export const NOBODY: Details = { name: '', email: '', subject: '' };
const PAGE = 5;

export const error = (code: ApiError['code'], retryAfterMs: number | null = null): { ok: false; error: ApiError } => ({
  ok: false,
  error: { code, message: code, retryAfterMs },
});

function lastOf(log: readonly Message[], role: SenderRole): number {
  return log.map((message) => message.senderRole).lastIndexOf(role) + 1;
}

export class Desk {
  epoch = 'first';
  session = false;
  readonly logs = new Map<string, Message[]>();
  readonly #ratings = new Map<string, Rating>();
  readonly #marks = new Map<string, number>();
  readonly #tabs: Tab[] = [];
  #made = 0;

  tab(outbox: readonly Letter[] = []): Tab {
    const tab = new Tab(this, outbox);
    this.#tabs.push(tab);
    return tab;
  }

  /** A tab is closed: nobody is told anything there any more. */
  leave(tab: Tab): void {
    this.#tabs.splice(this.#tabs.indexOf(tab), 1);
  }

  open(content: string, clientMessageId: string): string {
    this.#made += 1;
    const id = `ticket ${this.#made}`;
    this.logs.set(id, []);
    this.append(id, 'guest', content, clientMessageId);
    return id;
  }

  log(ticketId: string): Message[] {
    const log = this.logs.get(ticketId);
    if (!log) throw new Error(`no ${ticketId}`);
    return log;
  }

  append(ticketId: string, role: SenderRole, content: string, id: string | null, event: SystemEvent | null = null): Message {
    const log = this.log(ticketId);
    const message: Message = {
      id: `${ticketId} ${log.length + 1}`,
      ticketId,
      seq: log.length + 1,
      senderRole: role,
      senderName: role,
      senderId: null,
      content,
      createdAt: '2026-01-01T00:00:00.000Z',
      clientMessageId: id,
      internal: false,
      event,
    };
    log.push(message);
    for (const tab of this.#tabs) tab.tell(ticketId, { is: 'message', message });
    return message;
  }

  close(ticketId: string): void {
    this.append(ticketId, 'system', 'closed', null, { type: 'ticketClosed', agent: null, reason: null });
    for (const tab of this.#tabs) tab.tell(ticketId, { is: 'ticket', ticket: this.ticket(ticketId) });
  }

  reopen(ticketId: string): void {
    this.append(ticketId, 'system', 'reopened', null, { type: 'ticketReopened', agent: null });
    for (const tab of this.#tabs) tab.tell(ticketId, { is: 'ticket', ticket: this.ticket(ticketId) });
  }

  ticket(id: string): GuestTicket {
    const log = this.log(id);
    const turns = log.map((m) => m.event?.type).filter((type) => type === 'ticketClosed' || type === 'ticketReopened');
    return {
      id,
      ref: 'K7Q4MD',
      status: turns.at(-1) === 'ticketClosed' ? 'closed' : 'open',
      subject: null,
      guest: { id: 'guest', name: null, email: null },
      assignee: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: `2026-01-01T00:00:00.${String(log.length).padStart(3, '0')}Z`,
      closedAt: null,
      endedByGuest:
        log.map((m) => m.event?.type).lastIndexOf('guestEnded') >
        log.map((m) => m.senderRole === 'guest' || m.event?.type === 'ticketReopened').lastIndexOf(true),
      rating: this.#ratings.get(id) ?? null,
      lastSeq: log.length,
      guestReadSeq: Math.max(this.#marks.get(id) ?? 0, lastOf(log, 'guest')),
      agentReadSeq: lastOf(log, 'agent'),
      lastMessage: null,
    };
  }

  /** The agents in a conversation. */
  present(ticketId: string): string[] {
    const names = new Set<string>();
    for (const { event } of this.log(ticketId)) {
      if (event?.type === 'agentJoined' || event?.type === 'agentLeft') names.delete(event.agent.name);
      if (event?.type === 'agentJoined') names.add(event.agent.name);
    }
    return [...names];
  }

  /** What the desk does with a request; the answer comes back as an event. */
  answer(tab: Tab, effect: Effect): Event | null {
    switch (effect.do) {
      case 'beginSession':
        this.session = true;
        return { is: 'sessionBegun' };
      case 'list':
        return {
          is: 'listed',
          answer: { ok: true, data: { tickets: [...this.logs.keys()].map((id) => this.ticket(id)), nextCursor: null } },
        };
      case 'join': {
        const { ticketId, afterSeq } = effect;
        return { is: 'joined', ticketId, afterSeq, answer: { ok: true, data: this.#join(tab, effect) } };
      }
      case 'older': {
        const before = this.log(effect.ticketId).slice(0, effect.before - 1);
        const data = { messages: before.slice(-PAGE), hasMore: before.length > PAGE };
        return { is: 'older', ticketId: effect.ticketId, before: effect.before, answer: { ok: true, data } };
      }
      case 'earlier':
        return {
          is: 'earlier',
          answer: { ok: true, data: { tickets: [...this.logs.keys()].map((id) => this.ticket(id)), nextCursor: null } },
        };
      case 'end': {
        const { ticketId } = effect;
        const { status, endedByGuest } = this.ticket(ticketId);
        if (status === 'closed') return { is: 'changed', ticketId, answer: error('ticket_closed') };
        if (!endedByGuest) this.append(ticketId, 'system', 'ended', null, { type: 'guestEnded' });
        return { is: 'changed', ticketId, answer: { ok: true, data: { ticket: this.ticket(ticketId) } } };
      }
      case 'rate': {
        const { ticketId, score, comment } = effect;
        if (this.#ratings.has(ticketId)) return { is: 'changed', ticketId, answer: error('conflict') };
        this.#ratings.set(ticketId, { score, comment, at: '2026-01-01T00:00:00.000Z' });
        return { is: 'changed', ticketId, answer: { ok: true, data: { ticket: this.ticket(ticketId) } } };
      }
      case 'read': {
        const { ticketId, seq } = effect;
        if (seq > this.ticket(ticketId).guestReadSeq) {
          this.#marks.set(ticketId, seq);
          const notice: ReadNotice = { ticketId, role: 'guest', seq };
          for (const other of this.#tabs) if (other !== tab) other.tell(ticketId, { is: 'read', notice });
        }
        return null;
      }
      case 'create': {
        const { id, text } = effect.letter;
        const known = [...this.logs].find(([, log]) => log[0]?.clientMessageId === id)?.[0];
        const ticketId = known ?? this.open(text, id);
        tab.rooms.add(ticketId);
        const data = { ticket: this.ticket(ticketId), messages: this.log(ticketId).slice(0, PAGE) };
        return { is: 'created', id, answer: { ok: true, data } };
      }
      case 'send': {
        const { id, text } = effect.letter;
        const known = this.log(effect.ticketId).find((m) => m.clientMessageId === id);
        if (known) return { is: 'sent', id, answer: { ok: true, data: { message: known, duplicate: true } } };
        if (this.ticket(effect.ticketId).status === 'closed') return { is: 'sent', id, answer: error('ticket_closed') };
        const message = this.append(effect.ticketId, 'guest', text, id);
        return { is: 'sent', id, answer: { ok: true, data: { message, duplicate: false } } };
      }
      default:
        return null;
    }
  }

  #join(tab: Tab, { ticketId, afterSeq, epoch }: Extract<Effect, { do: 'join' }>): Joined<GuestTicket> {
    const log = this.log(ticketId);
    const ticket = this.ticket(ticketId);
    if (ticket.status === 'open') tab.rooms.add(ticketId);
    const reset = afterSeq !== null && epoch !== this.epoch;
    const rest = afterSeq === null || reset ? log : log.slice(afterSeq);
    const messages = afterSeq === null || reset ? rest.slice(-PAGE) : rest.slice(0, PAGE);
    return { ticket, epoch: this.epoch, reset, messages, hasMore: rest.length > PAGE, participants: this.present(ticketId).map((name) => ({ role: 'agent', name })) };
  }
}

export class Tab {
  state: State = BLANK;
  /** Whether the connection stands, as the desk sees it. */
  online = false;
  /** Wants to be connected. */
  wanted = false;
  readonly rooms = new Set<string>();
  /** On the way to the desk, and on the way back. The connection keeps the order of both. */
  up: Effect[] = [];
  down: Event[] = [];
  timers: Event[] = [];
  readonly waits: number[] = [];
  /** What has been stored in the browser. */
  readonly kept = new Map<string, Letter>();
  readonly #desk: Desk;
  #clock = 0;

  constructor(desk: Desk, letters: readonly Letter[]) {
    this.#desk = desk;
    for (const letter of letters) this.kept.set(letter.id, letter);
    const outbox: Pending[] = letters.map((letter) => ({ letter, mine: true, sent: false }));
    this.do({ is: 'opened', session: desk.session, outbox });
  }

  do(event: Event): void {
    const { state, effects } = update(this.state, event);
    this.state = state;
    for (const effect of effects) {
      if (effect.do === 'keep') this.kept.set(effect.letter.id, effect.letter);
      else if (effect.do === 'drop') this.kept.delete(effect.id);
      else if (effect.do === 'connect') this.wanted = true;
      else if (effect.do === 'disconnect') this.wanted = false;
      else if (effect.do === 'wait') {
        this.timers.push(effect.then);
        this.waits.push(effect.ms);
      } else if (effect.do !== 'rememberSession' && effect.do !== 'forgetSession') this.up.push(effect);
    }
  }

  write(text: string, at = this.#clock + 1): string {
    this.#clock = at;
    const ticketId = this.state.ticket?.status === 'open' ? this.state.ticket.id : null;
    const letter: Letter = { id: `id of ${text}`, ticketId, text, at: this.#clock, tab: '', details: NOBODY, failure: null };
    this.kept.set(letter.id, letter);
    this.do({ is: 'written', letter });
    return letter.id;
  }

  tell(ticketId: string, event: Event): void {
    if (this.online && this.rooms.has(ticketId)) this.down.push(event);
  }

  connect(): void {
    this.online = true;
    this.do({ is: 'connected' });
  }

  /** The connection breaks. What was on its way is lost; every request learns that it has no answer. */
  cut(): void {
    const lost = [...this.up, ...this.down];
    this.online = false;
    this.rooms.clear();
    this.up = this.up.filter((effect) => effect.do === 'beginSession');
    this.down = [];
    this.do({ is: 'cut' });
    for (const item of lost) {
      const event = 'do' in item ? unanswered(item) : withoutAnswer(item);
      if (event) this.do(event);
    }
  }

  serve(): void {
    const effect = this.up.shift();
    const event = effect && this.#desk.answer(this, effect);
    if (event) this.down.push(event);
  }

  hear(): void {
    const event = this.down.shift();
    if (event) this.do(event);
  }

  /** The deadline of a request passes: the desk has carried it out, its answer is lost. */
  miss(): void {
    const event = this.down.shift();
    if (!event) return;
    const missed = withoutAnswer(event);
    if (missed) this.do(missed);
    else this.down.unshift(event);
  }

  ring(): void {
    const event = this.timers.shift();
    if (event) this.do(event);
  }

  /** Everything that can happen without anything going wrong, until nothing is left to do. */
  settle(): void {
    for (let steps = 0; steps < 10_000; steps += 1) {
      if (this.up.length > 0) this.serve();
      else if (this.down.length > 0) this.hear();
      else if (this.wanted && !this.online) this.connect();
      else if (this.timers.length > 0) this.ring();
      else return;
    }
    throw new Error('never comes to rest');
  }

  get numbers(): number[] {
    return this.state.entries.map((entry) => entry.seq);
  }
}

function unanswered(effect: Effect): Event | null {
  switch (effect.do) {
    case 'list':
      return { is: 'listed', answer: null };
    case 'join':
      return { is: 'joined', ticketId: effect.ticketId, afterSeq: effect.afterSeq, answer: null };
    case 'older':
      return { is: 'older', ticketId: effect.ticketId, before: effect.before, answer: null };
    case 'create':
      return { is: 'created', id: effect.letter.id, answer: null };
    case 'send':
      return { is: 'sent', id: effect.letter.id, answer: null };
    case 'end':
    case 'rate':
      return { is: 'changed', ticketId: effect.ticketId, answer: null };
    case 'earlier':
      return { is: 'earlier', answer: null };
    default:
      return null;
  }
}

function withoutAnswer(event: Event): Event | null {
  return 'answer' in event ? { ...event, answer: null } : null;
}
