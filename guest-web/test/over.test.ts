// A conversation that is closed or ended, and the one after it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { target } from '../src/state';
import { Desk, NOBODY } from './desk';
import { fails, talking } from './talking';

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
