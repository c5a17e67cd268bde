// What the logic of the conversation promises, one sentence a test.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAlone, target, unseenOf } from '../src/state';
import type { Message } from '../src/wire';
import { Desk, NOBODY, type Tab, error } from './desk';

function talking(length = 3): { desk: Desk; tab: Tab; ticketId: string } {
  const desk = new Desk();
  const ticketId = desk.open('hello', 'earlier');
  desk.session = true;
  for (let i = 2; i <= length; i += 1) desk.append(ticketId, 'agent', `answer ${i}`, null);
  const tab = desk.tab();
  tab.settle();
  return { desk, tab, ticketId };
}

/** A message of this log with this number, as a notice would bring it. */
function message(tab: Tab, seq: number): Message {
  const [first] = tab.state.entries;
  assert(first);
  return { ...first, id: `entry ${seq}`, seq, senderRole: 'agent', clientMessageId: null, content: `number ${seq}` };
}

function fails(tab: Tab, id: string): string | undefined {
  return tab.state.outbox.find((p) => p.letter.id === id)?.letter.failure?.code;
}

describe('a cut', () => {
  test('takes what was held above a gap with it, as a restore may come in between', () => {
    const { tab } = talking(3);
    tab.do({ is: 'message', message: message(tab, 6) });
    assert.equal(tab.state.held.length, 1);
    tab.cut();
    assert.deepEqual(tab.state.held, []);
  });
});

describe('beginning', () => {
  test('looking at the page asks for nothing', () => {
    const tab = new Desk().tab();
    assert.deepEqual(tab.up, []);
    assert.equal(tab.wanted, false);
    assert.equal(tab.state.link, 'idle');
  });

  test('the first message begins a session, connects and opens a ticket', () => {
    const desk = new Desk();
    const tab = desk.tab();
    tab.write('help');
    assert.deepEqual(tab.up.map((e) => e.do), ['beginSession']);
    tab.settle();
    assert.equal(tab.state.link, 'online');
    assert.equal(tab.state.ticket?.id, 'ticket 1');
    assert.deepEqual(tab.numbers, [1]);
    assert.deepEqual(tab.state.outbox, []);
    assert.equal(tab.kept.size, 0);
  });

  test('a conversation that is open already is continued', () => {
    const desk = new Desk();
    const ticketId = desk.open('in another tab', 'other');
    const tab = desk.tab();
    tab.write('help');
    tab.settle();
    assert.equal(desk.logs.size, 1);
    assert.equal(desk.log(ticketId).at(-1)?.content, 'help');
  });

  test('an answer lost after the ticket was opened opens no second one', () => {
    const desk = new Desk();
    const tab = desk.tab();
    tab.write('help');
    for (let i = 0; i < 20 && desk.logs.size === 0; i += 1) {
      if (tab.up.length > 0) tab.serve();
      else if (tab.down.length > 0) tab.hear();
      else tab.connect();
    }
    tab.cut();
    tab.write('are you there?');
    tab.settle();
    assert.equal(desk.logs.size, 1);
    assert.deepEqual(tab.state.entries.map((e) => e.content), ['help', 'are you there?']);
  });

  test('details that are refused fail the message, and a retry takes the corrected ones', () => {
    const desk = new Desk();
    const tab = desk.tab();
    const id = tab.write('help');
    tab.up = [];
    tab.do({ is: 'sessionFailed', error: error('invalid').error });
    assert.equal(fails(tab, id), 'invalid');
    tab.do({ is: 'retried', id, details: { ...NOBODY, name: 'Maya' } });
    assert.deepEqual(tab.up, [{ do: 'beginSession', details: { ...NOBODY, name: 'Maya' } }]);
    tab.settle();
    assert.deepEqual(tab.numbers, [1]);
  });

  test('a server out of reach is asked again, later each time', () => {
    const tab = new Desk().tab();
    tab.write('help');
    for (let i = 0; i < 8; i += 1) {
      tab.up = [];
      tab.do({ is: 'sessionFailed', error: null });
      assert.equal(tab.state.link, 'offline');
      tab.ring();
    }
    assert.deepEqual(tab.waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    tab.settle();
    assert.deepEqual(tab.numbers, [1]);
  });

  test('a guest that the server does not know starts anew and keeps its text', () => {
    const { tab } = talking();
    tab.cut();
    const id = tab.write('unsent');
    tab.do({ is: 'refused' });
    assert.equal(tab.state.ticket, null);
    assert.equal(tab.state.session, false);
    assert.equal(tab.wanted, false);
    assert.equal(fails(tab, id), 'session_ended');
    assert.equal(tab.kept.get(id)?.text, 'unsent');
    tab.do({ is: 'retried', id, details: NOBODY });
    assert.deepEqual(tab.up.map((e) => e.do), ['beginSession']);
  });
});

describe('applying the log', () => {
  test('the newest page is shown, and older ones are put before it', () => {
    const { tab } = talking(12);
    assert.deepEqual(tab.numbers, [8, 9, 10, 11, 12]);
    tab.do({ is: 'nearTop' });
    tab.do({ is: 'nearTop' });
    assert.equal(tab.up.length, 1);
    tab.settle();
    assert.deepEqual(tab.numbers, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    tab.do({ is: 'nearTop' });
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert.equal(tab.state.hasOlder, false);
  });

  test('an entry that is known is dropped', () => {
    const { tab } = talking(3);
    tab.do({ is: 'message', message: message(tab, 2) });
    tab.do({ is: 'message', message: message(tab, 4) });
    tab.do({ is: 'message', message: message(tab, 4) });
    assert.deepEqual(tab.numbers, [1, 2, 3, 4]);
  });

  test('an entry beyond a gap is held, and what is missing asked for at once', () => {
    const { desk, tab, ticketId } = talking(3);
    tab.rooms.clear();
    desk.append(ticketId, 'agent', 'unheard', null);
    tab.rooms.add(ticketId);
    desk.append(ticketId, 'agent', 'heard', null);
    tab.hear();
    assert.deepEqual(tab.numbers, [1, 2, 3]);
    assert.deepEqual(tab.up, [{ do: 'join', ticketId, afterSeq: 3, epoch: 'first' }]);
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2, 3, 4, 5]);
    assert.deepEqual(tab.state.held, []);
  });

  test('a gap that the log does not fill yet is looked at again after a while, not in a loop', () => {
    const { tab } = talking(3);
    tab.do({ is: 'message', message: message(tab, 5) });
    tab.serve();
    tab.hear();
    assert.deepEqual(tab.up, []);
    assert.deepEqual(tab.timers, [{ is: 'check' }]);
    tab.do({ is: 'message', message: message(tab, 4) });
    assert.deepEqual(tab.numbers, [1, 2, 3, 4, 5]);
  });

  test('no more than 256 entries are held', () => {
    const { tab } = talking(3);
    for (let seq = 400; seq > 4; seq -= 1) tab.do({ is: 'message', message: message(tab, seq) });
    assert.equal(tab.state.held.length, 256);
    assert.equal(tab.state.held[0]?.seq, 5);
  });

  test('a ticket that is ahead of the page shows that the last notice was lost', () => {
    const { desk, tab, ticketId } = talking(3);
    tab.rooms.clear();
    desk.append(ticketId, 'agent', 'unheard', null);
    tab.do({ is: 'ticket', ticket: desk.ticket(ticketId) });
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2, 3, 4]);
  });

  test('the head of the room shows that the last notice was lost, and other heads show nothing', () => {
    const { desk, tab, ticketId } = talking(3);
    const head = (seq: number, ticket = ticketId) =>
      tab.do({ is: 'head', head: { ticketId: ticket, seq, epoch: 'first' } });
    tab.rooms.clear();
    head(3);
    head(9, 'another');
    assert.deepEqual(tab.up, []);
    desk.append(ticketId, 'agent', 'unheard', null);
    head(4);
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2, 3, 4]);
  });

  test('after a cut the page goes on behind its last entry, page by page', () => {
    const { desk, tab, ticketId } = talking(3);
    tab.cut();
    for (let i = 0; i < 12; i += 1) desk.append(ticketId, 'agent', `away ${i}`, null);
    tab.connect();
    assert.deepEqual(tab.up, [{ do: 'join', ticketId, afterSeq: 3, epoch: 'first' }]);
    tab.settle();
    assert.deepEqual(tab.numbers, Array.from({ length: 15 }, (_, i) => i + 1));
    assert.deepEqual(tab.waits, []);
  });

  test('another history on the server is loaded afresh', () => {
    const { desk, tab, ticketId } = talking(7);
    tab.cut();
    desk.epoch = 'second';
    desk.log(ticketId).splice(2);
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2]);
    assert.equal(tab.state.epoch, 'second');
    assert.equal(tab.state.ticket?.lastSeq, 2);
  });

  test('a page of older entries that belongs to a forgotten history is dropped', () => {
    const { tab, ticketId } = talking(12);
    tab.do({ is: 'older', ticketId, before: 4, answer: { ok: true, data: { messages: [message(tab, 3)], hasMore: true } } });
    assert.deepEqual(tab.numbers, [8, 9, 10, 11, 12]);
  });

  test('entries of another ticket and internal ones are not shown', () => {
    const { tab } = talking(3);
    tab.do({ is: 'message', message: { ...message(tab, 4), ticketId: 'another' } });
    tab.do({ is: 'message', message: { ...message(tab, 4), internal: true } });
    assert.deepEqual(tab.numbers, [1, 2, 3]);
  });
});

describe('sending', () => {
  test('one message is in flight at a time, in the order of writing', () => {
    const { desk, tab, ticketId } = talking(1);
    tab.write('one');
    tab.write('two');
    assert.deepEqual(tab.up.map((e) => e.do), ['send']);
    tab.settle();
    assert.deepEqual(desk.log(ticketId).map((m) => m.content), ['hello', 'one', 'two']);
    assert.equal(tab.kept.size, 0);
  });

  test('a missed answer has the message sent again under the same id, and shown once', () => {
    const { desk, tab, ticketId } = talking(1);
    const id = tab.write('one');
    tab.rooms.clear();
    tab.serve();
    tab.miss();
    assert.deepEqual(tab.up.map((e) => (e.do === 'send' ? e.letter.id : e.do)), [id]);
    tab.settle();
    assert.equal(desk.log(ticketId).length, 2);
    assert.deepEqual(tab.numbers, [1, 2]);
  });

  test('the notice may come before the answer', () => {
    const { tab } = talking(1);
    tab.write('one');
    tab.serve();
    assert.deepEqual(tab.down.map((e) => e.is), ['message', 'sent']);
    tab.hear();
    assert.deepEqual(tab.state.outbox, []);
    assert.deepEqual(tab.numbers, [1, 2]);
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2]);
  });

  test('a server that asks for patience gets the time it asked for', () => {
    const { tab } = talking(1);
    const id = tab.write('one');
    tab.up = [];
    tab.do({ is: 'sent', id, answer: error('rate_limited', 1_234) });
    assert.deepEqual(tab.up, []);
    assert.deepEqual(tab.waits, [1_234]);
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2]);
  });

  test('a final error fails one message and lets the next one go', () => {
    const { tab } = talking(1);
    const id = tab.write('one');
    tab.write('two');
    tab.up = [];
    tab.do({ is: 'sent', id, answer: error('too_large') });
    tab.settle();
    assert.equal(fails(tab, id), 'too_large');
    assert.equal(tab.kept.get(id)?.failure?.code, 'too_large');
    assert.deepEqual(tab.state.entries.map((e) => e.content), ['hello', 'two']);
    tab.do({ is: 'discarded', id });
    assert.equal(tab.kept.size, 0);
    assert.deepEqual(tab.state.outbox, []);
  });

  test('a message written before the page was closed is sent when it is opened again', () => {
    const { desk, tab } = talking(1);
    tab.cut();
    tab.write('one');
    tab.write('two');
    const reopened = desk.tab([...tab.kept.values()]);
    reopened.settle();
    assert.deepEqual(reopened.state.entries.map((e) => e.content), ['hello', 'one', 'two']);
  });

  test('the message of another tab is shown, waited for, and taken over when adopted', () => {
    const { tab } = talking(1);
    const letter = { id: 'theirs', ticketId: null, text: 'theirs', at: 0, tab: 'b', details: NOBODY, failure: null };
    tab.cut();
    tab.write('ours');
    tab.do({ is: 'heard', letter });
    tab.settle();
    assert.deepEqual(tab.state.outbox.map((p) => p.letter.text), ['theirs', 'ours']);
    tab.do({ is: 'adopted', ids: ['theirs'] });
    tab.settle();
    assert.deepEqual(tab.state.entries.map((e) => e.content), ['hello', 'theirs', 'ours']);
  });

  test('a letter that another tab has stored again after it was applied is forgotten again', () => {
    const { tab } = talking(1);
    const id = tab.write('one');
    const letter = tab.kept.get(id);
    assert(letter);
    tab.settle();
    tab.kept.set(id, letter);
    tab.do({ is: 'heard', letter });
    assert.equal(tab.kept.size, 0);
    assert.deepEqual(tab.state.outbox, []);
  });

  test('a message that another tab has sent stays on the page until its entry comes', () => {
    const { desk, tab, ticketId } = talking(1);
    tab.do({ is: 'heard', letter: { id: 'x', ticketId, text: 'x', at: 0, tab: 'b', details: NOBODY, failure: null } });
    tab.do({ is: 'dropped', id: 'x' });
    assert.equal(tab.state.outbox[0]?.sent, true);
    desk.append(ticketId, 'guest', 'x', 'x');
    tab.settle();
    assert.deepEqual(tab.state.outbox, []);
    assert.deepEqual(tab.numbers, [1, 2]);
  });
});

describe('closing', () => {
  test('the entry alone turns the page read-only', () => {
    const { desk, tab, ticketId } = talking(1);
    desk.close(ticketId);
    tab.hear();
    assert.equal(tab.state.ticket?.status, 'closed');
  });

  test('a view of the ticket from before the close does not open it again', () => {
    const { desk, tab, ticketId } = talking(1);
    const before = desk.ticket(ticketId);
    desk.close(ticketId);
    tab.settle();
    tab.do({ is: 'ticket', ticket: before });
    assert.equal(tab.state.ticket?.status, 'closed');
  });

  test('a message that was not stored before the close fails and keeps its text', () => {
    const { desk, tab, ticketId } = talking(1);
    tab.cut();
    const id = tab.write('too late');
    desk.close(ticketId);
    tab.settle();
    assert.equal(fails(tab, id), 'ticket_closed');
    assert.equal(tab.kept.get(id)?.text, 'too late');
    assert.equal(tab.state.ticket?.status, 'closed');
    assert.deepEqual(tab.numbers, [1, 2]);
  });

  test('a message that was stored before the close does not fail', () => {
    const { desk, tab, ticketId } = talking(1);
    tab.write('in time');
    tab.serve();
    tab.cut();
    desk.close(ticketId);
    tab.settle();
    assert.deepEqual(tab.state.outbox, []);
    assert.deepEqual(tab.numbers, [1, 2, 3]);
  });

  test('the answer that it is closed closes the page before any notice', () => {
    const { desk, tab, ticketId } = talking(1);
    tab.rooms.clear();
    desk.close(ticketId);
    const id = tab.write('too late');
    tab.serve();
    tab.hear();
    assert.equal(tab.state.ticket?.status, 'closed');
    assert.equal(fails(tab, id), 'ticket_closed');
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2]);
  });

  test('a new conversation is a new ticket, and a retry goes there', () => {
    const { desk, tab, ticketId } = talking(1);
    tab.cut();
    const id = tab.write('too late');
    desk.close(ticketId);
    tab.settle();
    tab.do({ is: 'newConversation' });
    tab.settle();
    assert.equal(target(tab.state), null);
    assert.deepEqual(tab.numbers, []);
    tab.do({ is: 'retried', id, details: NOBODY });
    tab.settle();
    assert.equal(tab.state.ticket?.id, 'ticket 2');
    assert.deepEqual(tab.state.entries.map((e) => e.content), ['too late']);
  });

  test('a conversation that is opened again goes on', () => {
    const { desk, tab, ticketId } = talking(1);
    desk.close(ticketId);
    tab.settle();
    desk.reopen(ticketId);
    tab.settle();
    assert.equal(tab.state.ticket?.status, 'open');
    tab.write('still here');
    tab.settle();
    assert.deepEqual(tab.numbers, [1, 2, 3, 4]);
  });

  test('of closed conversations the last is shown, of any an open one', () => {
    const desk = new Desk();
    desk.session = true;
    const first = desk.open('one', 'a');
    const second = desk.open('two', 'b');
    desk.append(second, 'agent', 'more', null);
    desk.close(second);
    const tab = desk.tab();
    tab.settle();
    assert.equal(tab.state.ticket?.id, first);
    desk.close(first);
    const later = desk.tab();
    later.settle();
    assert.equal(later.state.ticket?.id, second);
    assert.equal(later.state.ticket?.status, 'closed');
  });
});

describe('the end', () => {
  test('a guest that is done says so once, and goes on when it writes again', () => {
    const { desk, tab, ticketId } = talking();
    tab.do({ is: 'done' });
    tab.do({ is: 'done' });
    assert.deepEqual(tab.up.map((e) => e.do), ['end']);
    tab.settle();
    assert.equal(tab.state.ticket?.endedByGuest, true);
    tab.do({ is: 'done' });
    assert.deepEqual(tab.up, []);
    tab.write('one more thing');
    tab.settle();
    assert.equal(tab.state.ticket?.endedByGuest, false);
    assert.equal(desk.log(ticketId).length, 5);
  });

  test('what cannot be asked now is said, and is not done later by itself', () => {
    const { tab } = talking();
    tab.cut();
    tab.do({ is: 'done' });
    assert.equal(tab.state.problem, 'unanswered');
    tab.settle();
    assert.equal(tab.state.ticket?.endedByGuest, false);
    tab.do({ is: 'done' });
    tab.cut();
    assert.equal(tab.state.problem, 'unanswered');
    assert.equal(tab.state.asking, false);
  });

  test('a second rating is refused, and the first is shown', () => {
    const { desk, tab, ticketId } = talking();
    desk.close(ticketId);
    tab.settle();
    const other = desk.tab();
    other.settle();
    tab.do({ is: 'rated', score: 5, comment: '' });
    tab.settle();
    other.do({ is: 'rated', score: 1, comment: '' });
    other.settle();
    assert.equal(other.state.problem, 'conflict');
    assert.equal(other.state.ticket?.rating?.score, 5);
    assert.equal(tab.state.ticket?.rating?.score, 5);
  });

  test('a new conversation after the end leaves the ended one alone', () => {
    const { desk, tab } = talking();
    tab.do({ is: 'done' });
    tab.settle();
    tab.do({ is: 'newConversation' });
    tab.settle();
    assert.equal(tab.state.ticket, null);
    tab.write('another matter');
    tab.settle();
    assert.equal(desk.logs.size, 2);
    assert.deepEqual(tab.state.entries.map((e) => e.content), ['another matter']);
  });

  test('an earlier conversation is read when it is chosen, while a message goes to the open one', () => {
    const { desk, tab, ticketId } = talking();
    desk.close(ticketId);
    tab.settle();
    tab.do({ is: 'newConversation' });
    tab.settle();
    tab.write('second');
    tab.settle();
    tab.cut();
    tab.write('third');
    tab.do({ is: 'chosen', ticketId });
    tab.settle();
    assert.equal(tab.state.ticket?.id, ticketId);
    assert.equal(tab.state.ticket.status, 'closed');
    assert.deepEqual(tab.state.outbox, []);
    assert.equal(desk.log('ticket 2').at(-1)?.content, 'third');
    assert.equal(desk.log(ticketId).length, 4);
  });
});

describe('who has read how far', () => {
  test('what the guest has seen is marked once, and its other tabs hear of it', () => {
    const { desk, tab, ticketId } = talking(3);
    const other = desk.tab();
    other.settle();
    assert.equal(unseenOf(other.state), 2);
    tab.do({ is: 'seen' });
    tab.do({ is: 'seen' });
    assert.deepEqual(tab.up, [{ do: 'read', ticketId, seq: 3 }]);
    tab.settle();
    other.settle();
    assert.equal(unseenOf(tab.state), 0);
    assert.equal(unseenOf(other.state), 0);
    assert.equal(desk.ticket(ticketId).guestReadSeq, 3);
  });

  test('a page that is opened again counts what the desk knows to be unseen', () => {
    const { desk, tab, ticketId } = talking(3);
    tab.do({ is: 'seen' });
    tab.settle();
    desk.append(ticketId, 'agent', 'more', null);
    desk.append(ticketId, 'system', 'left', null);
    const again = desk.tab();
    again.settle();
    assert.equal(unseenOf(again.state), 1);
  });

  test('a mark that was lost in a cut is made again when the guest looks', () => {
    const { desk, tab, ticketId } = talking(3);
    tab.do({ is: 'seen' });
    tab.cut();
    assert.equal(desk.ticket(ticketId).guestReadSeq, 1);
    tab.settle();
    assert.equal(unseenOf(tab.state), 2);
    tab.do({ is: 'seen' });
    tab.settle();
    assert.equal(desk.ticket(ticketId).guestReadSeq, 3);
  });

  test('without a connection nothing is marked', () => {
    const { tab } = talking(3);
    tab.cut();
    tab.do({ is: 'seen' });
    assert.deepEqual(tab.up, []);
    assert.equal(unseenOf(tab.state), 2);
  });

  test('a view of the ticket from before a mark does not lower it', () => {
    const { desk, tab, ticketId } = talking(3);
    const before = desk.ticket(ticketId);
    tab.do({ is: 'seen' });
    tab.do({ is: 'ticket', ticket: before });
    assert.equal(unseenOf(tab.state), 0);
  });

  test('an agent has read what it answers, and what it says that it has', () => {
    const { desk, tab, ticketId } = talking(1);
    tab.write('one');
    tab.settle();
    tab.do({ is: 'read', notice: { ticketId, role: 'agent', seq: 1 } });
    assert.equal(tab.state.ticket?.agentReadSeq, 1);
    tab.do({ is: 'read', notice: { ticketId: 'another', role: 'agent', seq: 2 } });
    assert.equal(tab.state.ticket.agentReadSeq, 1);
    desk.append(ticketId, 'agent', 'two', null);
    tab.settle();
    assert.equal(tab.state.ticket.agentReadSeq, 3);
    tab.do({ is: 'read', notice: { ticketId, role: 'agent', seq: 2 } });
    assert.equal(tab.state.ticket.agentReadSeq, 3);
  });
});

describe('who is there', () => {
  const agent = { id: 'a', name: 'Alice' };
  const typing = (ticketId: string, yes = true, name = 'Alice') =>
    ({ is: 'typing', notice: { ticketId, name, role: 'agent', typing: yes } }) as const;

  test('an agent that writes is shown until it stops, says something, or is heard of no more', () => {
    const { desk, tab, ticketId } = talking();
    const shown = () => tab.state.typing?.name;
    tab.do(typing(ticketId));
    assert.equal(shown(), 'Alice');
    tab.do(typing(ticketId, false, 'Bob'));
    assert.equal(shown(), 'Alice');
    tab.do(typing(ticketId, false));
    assert.equal(shown(), undefined);
    tab.do(typing(ticketId));
    desk.append(ticketId, 'agent', 'there', null);
    tab.hear();
    assert.equal(shown(), undefined);
    tab.do(typing(ticketId));
    tab.cut();
    assert.equal(shown(), undefined);
  });

  test('a start fades after a while, unless another has come', () => {
    const { tab, ticketId } = talking();
    tab.do(typing(ticketId));
    tab.do(typing(ticketId));
    tab.ring();
    assert.equal(tab.state.typing?.name, 'Alice');
    tab.ring();
    assert.equal(tab.state.typing, null);
  });

  test('neither the guest in another tab nor an agent in another conversation is shown to write', () => {
    const { tab, ticketId } = talking();
    tab.do({ is: 'typing', notice: { ticketId, name: 'Guest', role: 'guest', typing: true } });
    tab.do(typing('another'));
    assert.equal(tab.state.typing, null);
    assert.deepEqual(tab.timers, []);
  });

  test('the agents are told every other second that the guest writes, and once that it does not', () => {
    const { tab, ticketId } = talking();
    const told = () => tab.up.splice(0).map((effect) => effect.do === 'typing' && effect.typing);
    tab.do({ is: 'typed', typing: false });
    tab.do({ is: 'typed', typing: true });
    tab.do({ is: 'typed', typing: true });
    assert.deepEqual(told(), [true]);
    assert.deepEqual(tab.waits, [2_000]);
    tab.do({ is: 'typed', typing: false });
    tab.do({ is: 'typed', typing: false });
    tab.do({ is: 'typed', typing: true });
    assert.deepEqual(told(), [false]);
    tab.ring();
    tab.do({ is: 'typed', typing: true });
    assert.deepEqual(told(), [true]);
    tab.cut();
    tab.do({ is: 'typed', typing: false });
    assert.deepEqual(told(), []);
    assert.equal(tab.state.ticket?.id, ticketId);
  });

  test('nobody is told of what is written where there is no conversation', () => {
    const tab = new Desk().tab();
    tab.do({ is: 'typed', typing: true });
    assert.deepEqual(tab.up, []);
  });

  test('a guest that has written is alone until an agent comes or answers, and while it is not over', () => {
    const { desk, tab, ticketId } = talking(1);
    assert.equal(isAlone(tab.state), true);
    desk.append(ticketId, 'system', 'joined', null, { type: 'agentJoined', agent });
    tab.settle();
    assert.equal(isAlone(tab.state), false);
    assert.equal(isAlone(((again) => (again.settle(), again.state))(desk.tab())), false);
    desk.append(ticketId, 'system', 'left', null, { type: 'agentLeft', agent });
    tab.settle();
    assert.equal(isAlone(tab.state), true);
    desk.append(ticketId, 'agent', 'bye', null);
    tab.settle();
    assert.equal(isAlone(tab.state), false);
    tab.write('wait');
    tab.settle();
    assert.equal(isAlone(tab.state), true);
    desk.close(ticketId);
    tab.settle();
    assert.equal(isAlone(tab.state), false);
  });
});
