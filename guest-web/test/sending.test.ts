// Each message once, in order, whatever becomes of its answer.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOBODY, error } from './desk';
import { fails, talking } from './talking';

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
