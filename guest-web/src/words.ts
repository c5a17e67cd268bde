// Every string that the page shows. Nothing else in the sources is read by a guest, except
// what the server and the people in the conversation say, and the frame in index.html.

import type { Failure, Link } from './state';

const failures: Partial<Record<Failure['code'], string>> = {
  ticket_closed: 'this conversation is closed',
  not_found: 'this conversation is no longer available',
  too_large: 'the message is too long',
  session_ended: 'your session has ended. Check that cookies are allowed, then try again',
};

export const words = {
  status: {
    idle: '',
    connecting: 'Connecting…',
    online: 'Connected',
    offline: 'Offline – your messages are kept and will be sent',
  } satisfies Record<Link, string>,
  title: (unread: number) => (unread > 0 ? `(${unread}) Support` : 'Support'),
  heading: 'Support',
  withAgent: (name: string) => `You are talking to ${name}`,
  reference: (ref: string) => `Conversation ${ref}`,
  loading: 'Loading your conversation…',
  loadingOlder: 'Loading earlier messages…',
  you: 'You',
  waiting: 'Sending…',
  keptOffline: 'Waiting to be sent',
  sent: 'Sent',
  failed: (failure: Failure) => `Not sent: ${failures[failure.code] ?? failure.message}`,
  retry: 'Retry',
  discard: 'Discard',
  today: 'Today',
  yesterday: 'Yesterday',
  newer: (count: number) => `${count} new ${count === 1 ? 'message' : 'messages'} ↓`,
  toNewest: 'Newest messages ↓',
  left: (count: number) => `${count} ${count === 1 ? 'character' : 'characters'} left`,
  over: (count: number) => `${count} ${count === 1 ? 'character' : 'characters'} too many`,
  outboxFull: 'Too many messages are waiting to be sent. Please try again when they are through.',
};
