// A conversation that goes on already, for the tests that begin there.

import assert from 'node:assert/strict';
import type { Message } from '../src/wire';
import { Desk, type Tab } from './desk';

/** A tab in a conversation of so many entries, all of them there. */
export function talking(length = 3): { desk: Desk; tab: Tab; ticketId: string } {
  const desk = new Desk();
  const ticketId = desk.open('hello', 'earlier');
  desk.session = true;
  for (let i = 2; i <= length; i += 1) desk.append(ticketId, 'agent', `answer ${i}`, null);
  const tab = desk.tab();
  tab.settle();
  return { desk, tab, ticketId };
}

/** A message of this log with this number, as a notice would bring it. */
export function message(tab: Tab, seq: number): Message {
  const [first] = tab.state.entries;
  assert(first);
  return { ...first, id: `entry ${seq}`, seq, senderRole: 'agent', clientMessageId: null, content: `number ${seq}` };
}

/** Why this message of the outbox has failed, if it has. */
export function fails(tab: Tab, id: string): string | undefined {
  return tab.state.outbox.find((p) => p.letter.id === id)?.letter.failure?.code;
}
