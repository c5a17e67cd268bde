// The words of the conversation's logic: what the page knows, what can happen to it, and what it
// wants done. Types and small questions about them; nothing here decides anything.

import type {
  Ack,
  ApiError,
  ErrorCode,
  GuestTicket,
  HeadNotice,
  Joined,
  Message,
  MessagePage,
  MessageSent,
  ReadNotice,
  TicketAnswer,
  TicketCreated,
  TicketPage,
  TypingNotice,
} from './wire';

/** The answer to a request; null when none came (the connection broke, or time ran out). */
export type Answer<T> = Ack<T> | null;

/** A message with its place in the conversation. */
export type Entry = Message & { readonly seq: number };

/** What the guest may say about itself with the first message. Empty: not said. */
export interface Details {
  readonly name: string;
  readonly email: string;
  readonly subject: string;
}

/** Why a message will not be sent by itself any more. */
export interface Failure {
  readonly code: ErrorCode | 'session_ended';
}

/** A message on its way, as it is kept in the outbox. */
export interface Letter {
  /** The `clientMessageId`: the same in every attempt. */
  readonly id: string;
  /** Null: for the conversation that is open, or a new one if none is. */
  readonly ticketId: string | null;
  readonly text: string;
  /** When it was written; it decides the order of sending. */
  readonly at: number;
  /** The tab in which it was written. */
  readonly tab: string;
  readonly details: Details;
  readonly failure: Failure | null;
}

export interface Pending {
  readonly letter: Letter;
  /** This tab sends it. Otherwise the tab that wrote it does. */
  readonly mine: boolean;
  /** The server has stored it; its place in the log has not been reached here yet. */
  readonly sent: boolean;
}

export type Link = 'idle' | 'connecting' | 'online' | 'offline';

export interface State {
  readonly link: Link;
  /** How far the present connection has got. `stalled`: a step failed and is tried again soon. */
  readonly sync: 'none' | 'listing' | 'joining' | 'stalled' | 'ready';
  /** A guest session exists, as far as the page knows. */
  readonly session: boolean;
  readonly beginning: boolean;
  /** It is known whether there is a conversation to show. */
  readonly loaded: boolean;
  /** The guest asked for a new conversation: closed ones are not chosen. */
  readonly fresh: boolean;
  readonly ticket: GuestTicket | null;
  /** The guest's conversations when they were listed last, the latest first. */
  readonly tickets: readonly GuestTicket[];
  /** An answer to "I am done" or to a rating is awaited. */
  readonly asking: boolean;
  /** Why the last of these did not come about. */
  readonly problem: ErrorCode | 'unanswered' | null;
  /** What became of the name and address that the guest gave last, after its first message. */
  readonly named: ErrorCode | 'unanswered' | 'kept' | null;
  readonly epoch: string | null;
  /** An unbroken stretch of the log that ends at what was applied last. */
  readonly entries: readonly Entry[];
  /** Entries from beyond a gap. */
  readonly held: readonly Entry[];
  /** The agents who have joined the conversation and not left it, by name. */
  readonly agents: readonly string[];
  /** An agent is writing, as far as the page has been told. */
  readonly typing: TypingNotice | null;
  /** The agents have been told that the guest is writing, and of no end of it. */
  readonly typed: boolean;
  /** They were told a moment ago: another start has to wait. */
  readonly hushed: boolean;
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** A look at whether the page is behind is due. */
  readonly checking: boolean;
  /** In the order of sending. */
  readonly outbox: readonly Pending[];
  /** The one letter in flight. */
  readonly sending: string | null;
  /** Nothing is sent until the time that the server asked for is over. */
  readonly resting: boolean;
  /** Failed attempts in a row. */
  readonly tries: number;
}

export type Event =
  | { is: 'opened'; session: boolean; outbox: readonly Pending[] }
  | { is: 'written'; letter: Letter }
  | { is: 'heard'; letter: Letter }
  | { is: 'dropped'; id: string }
  | { is: 'adopted'; ids: readonly string[] }
  | { is: 'retried'; id: string; details: Details }
  | { is: 'discarded'; id: string }
  | { is: 'newConversation' }
  | { is: 'nearTop' }
  | { is: 'done' }
  | { is: 'rated'; score: number; comment: string }
  | { is: 'changed'; ticketId: string; answer: Answer<TicketAnswer<GuestTicket>> }
  | { is: 'introduced'; details: Details }
  | { is: 'named'; as: State['named'] }
  | { is: 'earlierWanted' }
  | { is: 'earlier'; answer: Answer<TicketPage<GuestTicket>> }
  | { is: 'chosen'; ticketId: string }
  | { is: 'sessionBegun' }
  | { is: 'sessionFailed'; error: ApiError | null }
  | { is: 'connected' }
  | { is: 'cut' }
  | { is: 'unreachable' }
  | { is: 'refused' }
  | { is: 'listed'; answer: Answer<TicketPage<GuestTicket>> }
  | { is: 'joined'; ticketId: string; afterSeq: number | null; answer: Answer<Joined<GuestTicket>> }
  | { is: 'older'; ticketId: string; before: number; answer: Answer<MessagePage> }
  | { is: 'created'; id: string; answer: Answer<TicketCreated<GuestTicket>> }
  | { is: 'sent'; id: string; answer: Answer<MessageSent> }
  | { is: 'message'; message: Message }
  | { is: 'ticket'; ticket: GuestTicket }
  | { is: 'head'; head: HeadNotice }
  | { is: 'typing'; notice: TypingNotice }
  /** A start of this notice has been shown for long enough. */
  | { is: 'faded'; notice: TypingNotice }
  | { is: 'read'; notice: ReadNotice }
  /** The guest has the newest entry before its eyes. */
  | { is: 'seen' }
  | { is: 'typed'; typing: boolean }
  | { is: 'unhushed' }
  | { is: 'rested' }
  | { is: 'resync' }
  | { is: 'check' }
  | { is: 'olderRested' };

export type Effect =
  | { do: 'beginSession'; details: Details }
  | { do: 'introduce'; details: Details }
  | { do: 'rememberSession' }
  | { do: 'forgetSession' }
  | { do: 'connect' }
  | { do: 'disconnect' }
  | { do: 'list' }
  | { do: 'join'; ticketId: string; afterSeq: number | null; epoch: string | null }
  | { do: 'older'; ticketId: string; before: number }
  | { do: 'earlier' }
  | { do: 'end'; ticketId: string }
  | { do: 'rate'; ticketId: string; score: number; comment: string }
  | { do: 'create'; letter: Letter }
  | { do: 'send'; letter: Letter; ticketId: string }
  | { do: 'read'; ticketId: string; seq: number }
  | { do: 'typing'; ticketId: string; typing: boolean }
  | { do: 'keep'; letter: Letter }
  | { do: 'drop'; id: string }
  | { do: 'wait'; ms: number; then: Event };

export const BLANK: State = {
  link: 'idle',
  sync: 'none',
  session: false,
  beginning: false,
  loaded: false,
  fresh: false,
  ticket: null,
  tickets: [],
  asking: false,
  problem: null,
  named: null,
  epoch: null,
  entries: [],
  held: [],
  agents: [],
  typing: null,
  typed: false,
  hushed: false,
  hasOlder: false,
  loadingOlder: false,
  checking: false,
  outbox: [],
  sending: null,
  resting: false,
  tries: 0,
};

/** The number applied last; 0 before anything was. */
export function lastSeq(state: State): number {
  return state.entries.at(-1)?.seq ?? 0;
}

/** The conversation a message written now belongs to; null when it will open one. */
export function target(state: State): string | null {
  return state.ticket?.status === 'open' ? state.ticket.id : null;
}

/** The guest has said that it is done, or an agent has closed the conversation. */
export function isOver(ticket: GuestTicket): boolean {
  return ticket.status === 'closed' || ticket.endedByGuest;
}

/** The guest has written, and no agent has joined to read it. Offline that is not known; a short break is no news. */
export function isAlone({ link, ticket, agents, entries }: State): boolean {
  const last = entries.filter((entry) => entry.senderRole !== 'system').at(-1);
  return link !== 'offline' && ticket !== null && !isOver(ticket) && agents.length === 0 && last?.senderRole === 'guest';
}

/** Under which name a text that is not finished is kept: each conversation has its own. */
export function draftOf({ loaded, ticket }: State): string {
  return ticket?.id ?? (loaded ? 'new' : 'unknown');
}

/** Whether what stands in the box goes along to another conversation, which the guest has not chosen. */
export function isSameDraft(before: State, { ticket, session }: State): boolean {
  if (!before.loaded) return true;
  // Its own first message has opened it. Others were listed before.
  if (!before.ticket) return !before.tickets.some(({ id }) => id === ticket?.id);
  // It was taken away: the session has ended. A guest that begins anew still has its own.
  return !ticket && (!session || !isOver(before.ticket));
}

/** How many of the agents' messages the guest has not seen, as far as the server knows. */
export function unseenOf({ ticket, entries }: State): number {
  return entries.filter(({ seq, senderRole }) => senderRole === 'agent' && seq > (ticket?.guestReadSeq ?? 0)).length;
}

/** The log has entries that the page has not applied. */
export function isBehind(state: State): boolean {
  return state.held.length > 0 || (state.ticket !== null && state.ticket.lastSeq > lastSeq(state));
}

/** Nothing to show yet but a greeting. */
export function isStart(state: State): boolean {
  return state.loaded && state.ticket === null;
}
