// The log as it comes in pieces: what is shown, held, asked for and dropped.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { message, talking } from './talking';

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

describe('a cut', () => {
  test('takes what was held above a gap with it, as a restore may come in between', () => {
    const { tab } = talking(3);
    tab.do({ is: 'message', message: message(tab, 6) });
    assert.equal(tab.state.held.length, 1);
    tab.cut();
    assert.deepEqual(tab.state.held, []);
  });
});
