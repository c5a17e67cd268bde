// Where a text that is not finished belongs, and when it goes along to another conversation.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BLANK, type State, draftOf, isAlone, isSameDraft } from '../src/state';
import { Desk, NOBODY } from './desk';

/** A guest with a conversation that it has ended, and another that goes on. */
function talking() {
  const desk = new Desk();
  const first = desk.open('hello', 'earlier');
  desk.session = true;
  const tab = desk.tab();
  tab.settle();
  return { desk, tab, first };
}

describe('a text that is not finished', () => {
  test('has a place of its own in each conversation, before one is known, and for a new one', () => {
    const { tab, first } = talking();
    assert.equal(draftOf(BLANK), 'unknown');
    assert.equal(draftOf({ ...BLANK, loaded: true }), 'new');
    assert.equal(draftOf(tab.state), first);
  });

  test('goes along to the conversation that the page finds, and that its first message opens', () => {
    const { tab } = talking();
    assert.equal(isSameDraft(BLANK, tab.state), true);
    const desk = new Desk();
    const other = desk.tab();
    other.settle();
    const before: State = other.state;
    assert.equal(draftOf(before), 'new');
    other.write('hello');
    other.settle();
    assert.notEqual(draftOf(other.state), 'new');
    assert.equal(isSameDraft(before, other.state), true);
  });

  test('stays where it is when the guest begins anew, or goes back to an earlier conversation', () => {
    const { tab, first } = talking();
    tab.do({ is: 'done' });
    tab.settle();
    const ended = tab.state;
    tab.do({ is: 'newConversation' });
    tab.settle();
    const anew = tab.state;
    assert.equal(draftOf(anew), 'new');
    assert.equal(isSameDraft(ended, anew), false);
    tab.do({ is: 'chosen', ticketId: first });
    assert.equal(draftOf(tab.state), first);
    assert.equal(isSameDraft(anew, tab.state), false);
  });

  test('goes along when the session ends: its conversation cannot be reached any more', () => {
    const { tab } = talking();
    const before = tab.state;
    tab.do({ is: 'refused' });
    assert.equal(draftOf(tab.state), 'new');
    assert.equal(isSameDraft(before, tab.state), true);
  });

  test('goes along too when the guest had said that it was done', () => {
    const { tab } = talking();
    tab.do({ is: 'done' });
    tab.settle();
    const before = tab.state;
    tab.do({ is: 'refused' });
    assert.equal(draftOf(tab.state), 'new');
    assert.equal(isSameDraft(before, tab.state), true);
  });
});

describe('the name', () => {
  test('is given later too, and what became of it is known until it is given again', () => {
    const { tab } = talking();
    const details = { ...NOBODY, name: 'Maya' };
    tab.do({ is: 'introduced', details });
    assert.deepEqual(tab.up.at(-1), { do: 'introduce', details });
    tab.do({ is: 'named', as: 'invalid' });
    assert.equal(tab.state.named, 'invalid');
    tab.do({ is: 'introduced', details });
    assert.equal(tab.state.named, null);
    tab.do({ is: 'named', as: 'kept' });
    assert.equal(tab.state.named, 'kept');
  });
});

describe('that no agent is in the conversation', () => {
  test('is said while the page is online, over a short break too, and not offline', () => {
    const { tab } = talking();
    assert.equal(isAlone(tab.state), true);
    tab.cut();
    assert.equal(isAlone(tab.state), true);
    tab.do({ is: 'unreachable' });
    assert.equal(isAlone(tab.state), false);
    tab.connect();
    tab.settle();
    assert.equal(isAlone(tab.state), true);
  });
});
