// Two tabs of one guest share what is to be sent. Whatever happens to either (cuts, lost answers and
// notices, reloads, letters taken over too early), and however late each hears of the other: every
// message is stored once, what one tab wrote is stored in its order, and both tabs show the same.
// Each seed is a story of its own; a failure names it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event, Letter } from '../src/state';
import { Desk, Tab } from './desk';
import { randomness } from './randomness';

const STORIES = 2_000;
const STEPS = 150;

/** A browser: what it stores, and its tabs, each with the news of the storage that it has not heard yet. */
class Browser {
  readonly desk = new Desk();
  readonly stored = new Map<string, Letter>();
  readonly tabs: Tab[] = [];
  readonly news: Event[][] = [];
  readonly seen: Map<string, Letter>[] = [];

  constructor() {
    this.desk.open('hello', 'first');
    this.desk.session = true;
    for (let at = 0; at < 2; at += 1) this.open(at);
  }

  open(at: number): void {
    const letters = [...this.stored.values()];
    this.tabs[at] = this.desk.tab(letters);
    this.news[at] = [];
    this.seen[at] = new Map(letters.map((letter) => [letter.id, letter]));
  }

  /** Does something in a tab; what it changes in the storage is news to the other one. */
  in(at: number, work: (tab: Tab) => void): void {
    const tab = this.tabs[at];
    const seen = this.seen[at];
    assert(tab && seen);
    work(tab);
    for (const [id, letter] of tab.kept) {
      if (seen.get(id) === letter) continue;
      seen.set(id, letter);
      this.stored.set(id, letter);
      this.news[1 - at]?.push({ is: 'heard', letter });
    }
    for (const id of [...seen.keys()]) {
      if (tab.kept.has(id)) continue;
      seen.delete(id);
      if (this.stored.delete(id)) this.news[1 - at]?.push({ is: 'dropped', id });
    }
  }

  /** A tab hears the next news. */
  listen(at: number): boolean {
    const event = this.news[at]?.shift();
    if (!event) return false;
    this.in(at, (tab) => {
      if (event.is === 'heard') {
        tab.kept.set(event.letter.id, event.letter);
        this.seen[at]?.set(event.letter.id, event.letter);
      }
      if (event.is === 'dropped') {
        tab.kept.delete(event.id);
        this.seen[at]?.delete(event.id);
      }
      tab.do(event);
    });
    return true;
  }

  adopt(at: number): void {
    this.in(at, (tab) => tab.do({ is: 'adopted', ids: tab.state.outbox.filter((p) => !p.mine).map((p) => p.letter.id) }));
  }
}

function story(seed: number): void {
  const random = randomness(seed);
  const browser = new Browser();
  const written: string[][] = [[], []];
  for (let step = 0; step < STEPS; step += 1) {
    const at = random(2);
    browser.in(at, (tab) => {
      switch (random(14)) {
        case 0: {
          const texts = written[at] ?? [];
          if (texts.length < 6) {
            texts.push(`${at} says ${texts.length}`);
            tab.write(texts.at(-1) ?? '', step);
          }
          break;
        }
        case 1:
          if (tab.online) tab.cut();
          break;
        case 2:
          tab.miss();
          break;
        case 3: {
          const lost = tab.down.findIndex((event) => event.is === 'message');
          if (lost >= 0) tab.down.splice(lost, 1);
          break;
        }
        case 4:
          browser.desk.append('ticket 1', 'agent', `answer ${step}`, null);
          break;
        case 5:
          tab.ring();
          break;
        case 6:
          tab.do({ is: 'seen' });
          break;
        default:
          if (tab.wanted && !tab.online) tab.connect();
          else if (tab.up.length > 0 && random(2) === 0) tab.serve();
          else tab.hear();
      }
    });
    if (random(2) === 0) browser.listen(random(2));
    if (random(30) === 0) browser.adopt(random(2));
    if (random(40) === 0) {
      browser.desk.leave(browser.tabs[at] as Tab);
      browser.open(at);
    }
  }
  // It all comes to rest: each hears of the other, and takes over what is left.
  for (let round = 0; round < 4; round += 1) {
    for (const at of [0, 1]) {
      browser.adopt(at);
      browser.in(at, (tab) => {
        if (tab.online) tab.cut();
        tab.settle();
      });
      while (browser.listen(at));
    }
  }
  const log = browser.desk.log('ticket 1');
  const guests = log.filter((message) => message.senderRole === 'guest').map((message) => message.content);
  assert.equal(browser.desk.logs.size, 1);
  assert.deepEqual(browser.stored.size, 0);
  assert.deepEqual([...guests].sort(), ['hello', ...written.flat()].sort());
  for (const texts of written) assert.deepEqual(guests.filter((text) => texts.includes(text)), texts);
  for (const at of [0, 1]) {
    browser.in(at, (tab) => {
      for (; tab.state.hasOlder; tab.settle()) tab.do({ is: 'nearTop' });
      assert.deepEqual(tab.state.entries.map((entry) => entry.id), log.map((message) => message.id));
      assert.deepEqual(tab.state.outbox, []);
    });
  }
}

test('two tabs store each message once, in the order of its writer, and show the same', () => {
  for (let seed = 1; seed <= STORIES; seed += 1) {
    try {
      story(seed);
    } catch (failure) {
      throw new Error(`story ${seed}: ${String(failure)}`, { cause: failure });
    }
  }
});
