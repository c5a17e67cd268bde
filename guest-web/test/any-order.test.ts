// Whatever the network does, and whenever, every message ends up on the page once and in order.
// Each seed is a story of its own; a failure names it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desk, type Tab, error } from './desk';
import { randomness } from './randomness';

const STORIES = 3_000;
const STEPS = 120;

function isPrefixOfLog(tab: Tab, desk: Desk): void {
  const { entries, ticket } = tab.state;
  if (!ticket || entries.length === 0) return;
  const log = desk.log(ticket.id);
  const first = entries[0]?.seq ?? 0;
  assert.deepEqual(
    entries.map((entry) => entry.id),
    log.slice(first - 1, first - 1 + entries.length).map((message) => message.id),
  );
}

function story(seed: number): void {
  const random = randomness(seed);
  const desk = new Desk();
  const tab = desk.tab();
  const written: string[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const openTicket = [...desk.logs.keys()].find((id) => desk.ticket(id).status === 'open');
    switch (random(20)) {
      case 0:
      case 1:
        if (written.length < 12) {
          written.push(`message ${written.length}`);
          tab.write(written.at(-1) ?? '');
        }
        break;
      case 2:
        if (openTicket) desk.append(openTicket, 'agent', `answer ${step}`, null);
        break;
      case 3:
        if (tab.online) tab.cut();
        break;
      case 4:
        tab.miss();
        break;
      case 5: {
        // A notice is lost on the way.
        const at = tab.down.findIndex((event) => event.is === 'message');
        if (at >= 0) tab.down.splice(at, 1);
        break;
      }
      case 6: {
        // A notice comes twice.
        const notice = tab.down.find((event) => event.is === 'message');
        if (notice) tab.down.push(notice);
        break;
      }
      case 7: {
        // The desk is too busy for the next request.
        const [next] = tab.up;
        if (next?.do === 'send') {
          tab.up.shift();
          tab.down.push({ is: 'sent', id: next.letter.id, answer: error('unavailable') });
        } else if (next?.do === 'join') {
          tab.up.shift();
          tab.down.push({ is: 'joined', ticketId: next.ticketId, afterSeq: next.afterSeq, answer: error('internal') });
        }
        break;
      }
      case 8:
        tab.do({ is: 'nearTop' });
        break;
      case 9:
        tab.ring();
        break;
      case 10:
        tab.do({ is: 'done' });
        break;
      case 11:
        tab.do({ is: 'earlierWanted' });
        break;
      case 12:
        tab.do({ is: 'seen' });
        break;
      case 13:
        if (openTicket) {
          const agent = { id: 'a', name: 'Alice' };
          desk.append(openTicket, 'system', '', null, { type: random(2) === 0 ? 'agentJoined' : 'agentLeft', agent });
        }
        break;
      default:
        if (tab.wanted && !tab.online) tab.connect();
        else if (tab.up.length > 0 && random(2) === 0) tab.serve();
        else tab.hear();
    }
    isPrefixOfLog(tab, desk);
    const inFlight = tab.up.filter((effect) => effect.do === 'send' || effect.do === 'create');
    assert(inFlight.length <= 1, 'more than one message in flight');
  }
  // The network recovers. The last notice may have been lost: a new connection finds out.
  tab.settle();
  if (tab.online) tab.cut();
  tab.settle();
  isPrefixOfLog(tab, desk);

  assert(desk.logs.size <= 1, 'a second ticket was opened');
  assert.deepEqual(tab.state.outbox, []);
  assert.equal(tab.kept.size, 0);
  if (written.length === 0) return;
  while (tab.state.hasOlder) {
    tab.do({ is: 'nearTop' });
    tab.settle();
  }
  const { entries, ticket } = tab.state;
  assert(ticket);
  assert.deepEqual(
    entries.map((entry) => entry.id),
    desk.log(ticket.id).map((message) => message.id),
  );
  assert.deepEqual(
    entries.filter((entry) => entry.senderRole === 'guest').map((entry) => entry.content),
    written,
  );
  assert.deepEqual(tab.state.agents, desk.present(ticket.id));
  tab.do({ is: 'seen' });
  tab.settle();
  assert.equal(desk.ticket(ticket.id).guestReadSeq, desk.log(ticket.id).length);
  assert.deepEqual(tab.state.ticket, desk.ticket(ticket.id));
}

test('any order of answers, notices, cuts and resends ends with each message once and in order', () => {
  for (let seed = 1; seed <= STORIES; seed += 1) {
    try {
      story(seed);
    } catch (failure) {
      throw new Error(`story ${seed}: ${String(failure)}`, { cause: failure });
    }
  }
});
