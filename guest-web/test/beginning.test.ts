// How a conversation begins, goes on, and fails to.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Desk, NOBODY, error } from './desk';
import { fails, talking } from './talking';

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
