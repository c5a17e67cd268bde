// What the guest page and the server say to each other.
// Generated from the crate support-shared; a test there fails when this file is stale.
// To write it anew: UPDATE_WIRE=1 cargo test -p support-shared

export type ErrorCode = "invalid" | "too_large" | "unauthenticated" | "invalid_credentials" | "password_change_required" | "forbidden" | "forbidden_origin" | "not_found" | "ticket_closed" | "conflict" | "rate_limited" | "unavailable" | "internal";

export type ApiError = { 
/**
 * What programs decide on.
 */
code: ErrorCode, 
/**
 * What people read: lower case, no full stop.
 */
message: string, 
/**
 * Milliseconds after which the same request may succeed.
 */
retryAfterMs: number | null, 
/**
 * More about the code, such as who won a claim.
 */
details?: unknown, };

export type Ack<T> = { ok: true, data: T, } | { ok: false, error: ApiError, };

export type SenderRole = "guest" | "agent" | "system";

export type TicketStatus = "open" | "closed";

export type AgentName = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its display name.
 */
name: string, };

export type Guest = { 
/**
 * Its id, which is no secret.
 */
id: string, 
/**
 * The name it gave, if any.
 */
name: string | null, 
/**
 * The address it gave, if any. Nobody has checked it.
 */
email: string | null, };

export type GuestAssignee = { 
/**
 * The display name.
 */
name: string, };

export type Rating = { 
/**
 * 1 (bad) to 5 (good).
 */
score: number, 
/**
 * In the guest's own words.
 */
comment: string | null, 
/**
 * When it was given.
 */
at: string, };

export type LastMessage = { 
/**
 * Its number.
 */
seq: number, 
/**
 * What its sender is.
 */
senderRole: SenderRole, 
/**
 * What its sender is called.
 */
senderName: string, 
/**
 * Its beginning, on one line.
 */
preview: string, 
/**
 * When it was written.
 */
createdAt: string, };

export type GuestTicket = { 
/**
 * Its id, which events take.
 */
id: string, 
/**
 * Its handle, which people read and type.
 */
ref: string, 
/**
 * Where it is in its life.
 */
status: TicketStatus, 
/**
 * What it is about.
 */
subject: string | null, 
/**
 * The guest itself.
 */
guest: Guest, 
/**
 * Who answers for it.
 */
assignee: GuestAssignee | null, 
/**
 * When it was opened first.
 */
createdAt: string, 
/**
 * When the conversation changed last.
 */
updatedAt: string, 
/**
 * When it was closed, while it is.
 */
closedAt: string | null, 
/**
 * The guest has said that it is done, and nothing since.
 */
endedByGuest: boolean, 
/**
 * What the guest said afterwards.
 */
rating: Rating | null, 
/**
 * The number of the last entry.
 */
lastSeq: number, 
/**
 * How far the guest has read.
 */
guestReadSeq: number, 
/**
 * How far some agent has read.
 */
agentReadSeq: number, 
/**
 * The last message, for lists.
 */
lastMessage: LastMessage | null, };

export type Participant = { 
/**
 * What it is.
 */
role: SenderRole, 
/**
 * What it is called.
 */
name: string, };

export type SystemEvent = { "type": "agentJoined", 
/**
 * Who.
 */
agent: AgentName, } | { "type": "agentLeft", 
/**
 * Who.
 */
agent: AgentName, } | { "type": "guestEnded" } | { "type": "ticketClosed", 
/**
 * Who closed it; nobody when a rule did.
 */
agent: AgentName | null, 
/**
 * Why, in the agent's words.
 */
reason: string | null, } | { "type": "ticketReopened", 
/**
 * Who opened it.
 */
agent: AgentName | null, } | { "type": "ticketAssigned", 
/**
 * Who decided.
 */
by: AgentName, 
/**
 * Who answers for it; nobody when it went back to the queue.
 */
assignee: AgentName | null, } | { "type": "ticketTagged", 
/**
 * Who decided.
 */
by: AgentName, 
/**
 * The tags now.
 */
tags: Array<string>, 
/**
 * The priority now.
 */
priority: string, };

export type Message = { 
/**
 * Its id.
 */
id: string, 
/**
 * Whose log it is in.
 */
ticketId: string, 
/**
 * Its number in the conversation: 1, 2, 3, … without holes.
 */
seq?: number, 
/**
 * What its sender is.
 */
senderRole: SenderRole, 
/**
 * What its sender is called.
 */
senderName: string, 
/**
 * Who sent it; nobody for a system message.
 */
senderId: string | null, 
/**
 * What it says.
 */
content: string, 
/**
 * When it was written. A label: never earlier than the entry before it.
 */
createdAt: string, 
/**
 * The sender's own name for it.
 */
clientMessageId: string | null, 
/**
 * It is in the notes, which guests never see.
 */
internal: boolean, 
/**
 * What happened, when the desk itself wrote it.
 */
event: SystemEvent | null, };

export type CreateTicket = { 
/**
 * The first message.
 */
content: string, 
/**
 * The guest's own name for it: the same again gives the same ticket.
 */
clientMessageId: string, 
/**
 * What it is about.
 */
subject?: string, 
/**
 * What the guest wants to be called.
 */
name?: string, 
/**
 * Where the guest can be reached.
 */
email?: string, };

export type ListOwnTickets = { 
/**
 * Where the page before ended.
 */
cursor?: string, 
/**
 * How many.
 */
limit?: number, };

export type JoinTicket = { 
/**
 * Which.
 */
ticketId: string, 
/**
 * What the client has: everything after it is answered. Without, the latest page.
 */
afterSeq?: number, 
/**
 * The history that `afterSeq` counts in.
 */
epoch?: string, 
/**
 * How many.
 */
limit?: number, };

export type NameTicket = { 
/**
 * Which.
 */
ticketId: string, };

export type SendMessage = { 
/**
 * Where to.
 */
ticketId: string, 
/**
 * What it says.
 */
content: string, 
/**
 * The sender's own name for it: the same again gives the stored message.
 */
clientMessageId: string, };

export type ListMessages = { 
/**
 * Whose.
 */
ticketId: string, 
/**
 * Those with a smaller number. Without, the latest.
 */
before?: number, 
/**
 * How many.
 */
limit?: number, };

export type MarkRead = { 
/**
 * Which.
 */
ticketId: string, 
/**
 * Up to this number. A mark only rises, and not past the head.
 */
seq: number, };

export type Typing = { 
/**
 * Where.
 */
ticketId: string, 
/**
 * Writing, or not any more.
 */
typing: boolean, };

export type RateTicket = { 
/**
 * Which.
 */
ticketId: string, 
/**
 * 1 (bad) to 5 (good).
 */
score: number, 
/**
 * In the guest's own words.
 */
comment?: string, };

export type Empty = Record<symbol, never>;

export type TicketCreated<T> = { 
/**
 * The ticket.
 */
ticket: T, 
/**
 * Its conversation so far.
 */
messages: Array<Message>, };

export type TicketPage<T> = { 
/**
 * The tickets.
 */
tickets: Array<T>, 
/**
 * Where the next page begins; nothing on the last one.
 */
nextCursor: string | null, };

export type Joined<T> = { 
/**
 * The ticket.
 */
ticket: T, 
/**
 * The history that its numbers count in.
 */
epoch: string, 
/**
 * The client's history is not the store's: it must forget what it has.
 */
reset: boolean, 
/**
 * What was asked for, ascending.
 */
messages: Array<Message>, 
/**
 * There is more in the direction that was asked for.
 */
hasMore: boolean, 
/**
 * Who is in the conversation now.
 */
participants: Array<Participant>, };

export type MessageSent = { 
/**
 * The message as it is stored.
 */
message: Message, 
/**
 * It was stored before, under the same client message id.
 */
duplicate: boolean, };

export type MessagePage = { 
/**
 * A page of the log, ascending.
 */
messages: Array<Message>, 
/**
 * There are earlier ones.
 */
hasMore: boolean, };

export type GuestAnswer = { 
/**
 * The guest.
 */
guest: Guest, };

export type MessageNew = { 
/**
 * The entry.
 */
message: Message, };

export type TicketNotice<T> = { 
/**
 * The ticket now.
 */
ticket: T, };

export type TypingNotice = { 
/**
 * Where.
 */
ticketId: string, 
/**
 * Who.
 */
name: string, 
/**
 * What it is.
 */
role: SenderRole, 
/**
 * Writing, or not any more.
 */
typing: boolean, };

export type ReadNotice = { 
/**
 * Where.
 */
ticketId: string, 
/**
 * Whose mark: the guest's, or the agents'.
 */
role: SenderRole, 
/**
 * Up to this number.
 */
seq: number, };

export type HeadNotice = { 
/**
 * Where.
 */
ticketId: string, 
/**
 * The number of the last entry of the conversation.
 */
seq: number, 
/**
 * The history that the numbers count in.
 */
epoch: string, };

export type TicketAnswer<T> = { 
/**
 * The ticket now.
 */
ticket: T, };

export type SessionEnded = { 
/**
 * Why, for programs: an error code.
 */
code: ErrorCode, 
/**
 * Why, for people.
 */
message: string, };

export type ServerDraining = { 
/**
 * Milliseconds to wait before connecting again; spread, so that not all come at once.
 */
reconnectInMs: number, };

export interface Requests {
  'ticket:create': (payload: CreateTicket, ack: (answer: Ack<TicketCreated<GuestTicket>>) => void) => void;
  'ticket:list': (payload: ListOwnTickets, ack: (answer: Ack<TicketPage<GuestTicket>>) => void) => void;
  'ticket:join': (payload: JoinTicket, ack: (answer: Ack<Joined<GuestTicket>>) => void) => void;
  'ticket:leave': (payload: NameTicket, ack: (answer: Ack<Empty>) => void) => void;
  'message:send': (payload: SendMessage, ack: (answer: Ack<MessageSent>) => void) => void;
  'message:list': (payload: ListMessages, ack: (answer: Ack<MessagePage>) => void) => void;
  'ticket:read': (payload: MarkRead, ack: (answer: Ack<Empty>) => void) => void;
  'ticket:typing': (payload: Typing) => void;
  'ticket:end': (payload: NameTicket, ack: (answer: Ack<TicketAnswer<GuestTicket>>) => void) => void;
  'ticket:rate': (payload: RateTicket, ack: (answer: Ack<TicketAnswer<GuestTicket>>) => void) => void;
}

export interface Notices {
  'message:new': (payload: MessageNew) => void;
  'ticket:updated': (payload: TicketNotice<GuestTicket>) => void;
  'ticket:closed': (payload: TicketNotice<GuestTicket>) => void;
  'ticket:typing': (payload: TypingNotice) => void;
  'ticket:read': (payload: ReadNotice) => void;
  'ticket:head': (payload: HeadNotice) => void;
  'session:ended': (payload: SessionEnded) => void;
  'server:draining': (payload: ServerDraining) => void;
}
