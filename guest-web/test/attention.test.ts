// Who has read how far, who writes, and who is there.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAlone, unseenOf } from '../src/state';
import { Desk } from './desk';
import { talking } from './talking';

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
