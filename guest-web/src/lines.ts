// The lines of the log and how each is drawn: entries, letters on their way, lines that name the day.
// It must not place them or know about scrolling: view.ts does. Text goes in as text nodes only.

import { button, make, say } from './elements';
import { pieces } from './links';
import { type Entry, type Pending, type State, lastSeq } from './state';
import { words } from './words';

const RUN_MS = 5 * 60_000;
const PAGE = 50;

/** What the buttons of a failed letter do. */
export interface Press {
  retry(id: string): void;
  discard(id: string): void;
}

interface Drawing {
  readonly key: string;
  /** All that the drawing depends on: the line is drawn anew when this has changed. */
  readonly source: string;
  draw(element: HTMLElement, press: Press): void;
}

export interface Line extends Drawing {
  /** Lines of the same page have one parent, which is left out of the work while it is far away. */
  readonly page: number;
}

const STYLES = {
  time: { hour: 'numeric', minute: '2-digit' },
  day: { weekday: 'long', day: 'numeric', month: 'long' },
  dayAndYear: { dateStyle: 'long' },
} satisfies Record<string, Intl.DateTimeFormatOptions>;
/** Made once each: to make one takes long, and there may be thousands of lines. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment, in the language in use. */
export function dated(style: keyof typeof STYLES, at: Date): string {
  const known = formats.get(style) ?? new Intl.DateTimeFormat(words.locale, STYLES[style]);
  formats.set(style, known);
  return known.format(at);
}

/** The guest's own entry has the key that its letter had. */
export function keyOf(entry: Entry): string {
  return entry.senderRole === 'guest' && entry.clientMessageId ? `own ${entry.clientMessageId}` : `entry ${entry.id}`;
}

export function linesOf(state: State, now: Date): Line[] {
  const lines: Line[] = [];
  const add = (seq: number, line: Drawing) => lines.push({ ...line, page: Math.floor(seq / PAGE) });
  const read = state.ticket?.agentReadSeq ?? 0;
  let before: Entry | undefined;
  let day = '';
  for (const entry of state.entries) {
    const at = new Date(entry.createdAt);
    const thisDay = at.toDateString();
    if (thisDay !== day) add(entry.seq, dayLine(at, now));
    const goesOn = thisDay === day && before !== undefined && isRun(before, entry);
    add(entry.seq, entry.senderRole === 'system' ? systemLine(entry) : messageLine(entry, goesOn, entry.seq <= read));
    before = entry;
    day = thisDay;
  }
  // In the place that each will probably have: what is moved is read aloud again.
  let next = lastSeq(state);
  for (const pending of state.outbox) if (belongs(pending, state)) add((next += 1), letterLine(pending, state));
  return lines;
}

/** What is on its way to another conversation is not shown in this one; what failed is, wherever it was to go. */
function belongs({ letter }: Pending, { ticket }: State): boolean {
  return !ticket || letter.failure !== null || letter.ticketId === null || letter.ticketId === ticket.id;
}

/** One after the other by the same person: the name is not said again. */
function isRun(before: Entry, entry: Entry): boolean {
  return (
    before.senderRole === entry.senderRole &&
    before.senderName === entry.senderName &&
    Date.parse(entry.createdAt) - Date.parse(before.createdAt) < RUN_MS
  );
}

function dayLine(at: Date, now: Date): Drawing {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const key = at.toDateString();
  const text =
    key === now.toDateString()
      ? words.today
      : key === yesterday.toDateString()
        ? words.yesterday
        : dated(at.getFullYear() === now.getFullYear() ? 'day' : 'dayAndYear', at);
  return {
    key: `day ${key}`,
    source: text,
    draw(element) {
      element.className = 'day';
      element.textContent = text;
    },
  };
}

function systemLine(entry: Entry): Drawing {
  return {
    key: keyOf(entry),
    source: 'system',
    draw(element) {
      element.className = 'entry system';
      element.dataset['seq'] = String(entry.seq);
      const text = make('span', 'text', (entry.event && words.event(entry.event)) ?? entry.content);
      text.dir = 'auto';
      element.replaceChildren(text, time(entry));
    },
  };
}

function messageLine(entry: Entry, goesOn: boolean, read: boolean): Drawing {
  const own = entry.senderRole === 'guest';
  const is = read ? 'seen' : 'sent';
  return {
    key: keyOf(entry),
    source: [goesOn, own && is].join(),
    draw(element) {
      element.className = `entry ${own ? 'own' : 'other'}${goesOn ? ' goes-on' : ''}`;
      element.dataset['seq'] = String(entry.seq);
      const meta = make('div', 'meta');
      meta.append(time(entry));
      if (own) {
        element.dataset['state'] = is;
        meta.append(make('span', 'state', words[is]));
      }
      fill(element, own ? words.you : entry.senderName, own || goesOn, entry.content, meta);
    },
  };
}

function letterLine({ letter, sent }: Pending, state: State): Drawing {
  const is = sent ? 'sent' : letter.failure ? 'failed' : 'waiting';
  const canRetry = state.ticket?.status !== 'closed';
  const progress = sent ? words.sent : state.link === 'offline' ? words.keptOffline : words.waiting;
  return {
    key: `own ${letter.id}`,
    source: [is, letter.failure?.code, canRetry, progress].join(),
    draw(element, press) {
      element.className = 'entry own';
      element.dataset['state'] = is;
      const meta = make('div', 'meta');
      if (letter.failure) {
        const reason = make('span', 'reason', words.failed(letter.failure));
        reason.role = 'alert';
        meta.append(reason);
        const buttons = make('span', '');
        if (canRetry) buttons.append(button('retry', words.retry, () => press.retry(letter.id)));
        buttons.append(button('discard', words.discard, () => press.discard(letter.id)));
        meta.append(buttons);
      } else {
        meta.append(make('span', 'state', progress));
      }
      fill(element, words.you, true, letter.text, meta);
    },
  };
}

/** The text stays the same element when a letter becomes an entry, so that it is not read aloud twice. */
function fill(element: HTMLElement, name: string, hideName: boolean, content: string, meta: HTMLElement): void {
  const who = make('bdi', hideName ? 'name unseen' : 'name', name);
  const old = element.querySelector('.text');
  if (old?.textContent === content) {
    const [known, about] = [element.querySelector('.name'), element.querySelector('.meta')];
    if (!known?.isEqualNode(who)) known?.replaceWith(who);
    // That a message was seen is no new message: the word alone changes.
    if (about?.querySelector('time')) say(about.lastChild as HTMLElement, meta.lastChild?.textContent ?? '');
    else about?.replaceWith(meta);
    return;
  }
  const text = make('div', 'text');
  text.dir = 'auto';
  for (const piece of pieces(content)) text.append(piece.href === null ? piece.text : link(piece.text, piece.href));
  element.replaceChildren(who, text, meta);
}

function link(text: string, href: string): HTMLAnchorElement {
  const anchor = make('a', '', text);
  anchor.href = href;
  anchor.target = '_blank';
  anchor.rel = 'noopener noreferrer nofollow';
  return anchor;
}

function time(entry: Entry): HTMLTimeElement {
  const at = new Date(entry.createdAt);
  const element = make('time', '', dated('time', at));
  element.dateTime = entry.createdAt;
  return element;
}
