// Every string that the page shows, in one table a language; nothing else in the sources is read by
// a guest, except what the server and the people in the conversation say.
// To add a language: a file like ar.ts, and its line in LANGUAGES.

import type { Failure, Link, State } from './state';
import { en } from './en';
import type { GuestTicket, SystemEvent } from './wire';

export interface Words {
  /** For dates and times. */
  readonly locale: string;
  readonly dir: 'ltr' | 'rtl';
  /** What stands in index.html under `data-word`. */
  readonly frame: Readonly<Record<string, string>>;
  readonly status: Readonly<Record<Link, string>>;
  title(unread: number): string;
  readonly heading: string;
  withAgent(name: string): string;
  reference(ref: string): string;
  readonly loading: string;
  readonly loadingOlder: string;
  readonly you: string;
  readonly waiting: string;
  readonly keptOffline: string;
  readonly sent: string;
  readonly seen: string;
  typing(name: string): string;
  readonly alone: string;
  failed(failure: Failure): string;
  /** What became of the guest's name and address. */
  named(as: NonNullable<State['named']>): string;
  readonly retry: string;
  readonly discard: string;
  readonly today: string;
  readonly yesterday: string;
  newer(count: number): string;
  readonly toNewest: string;
  left(count: number): string;
  over(count: number): string;
  readonly outboxFull: string;
  readonly closed: string;
  readonly ended: string;
  readonly fresh: string;
  readonly toOpen: string;
  readonly chooseScore: string;
  rated(score: number): string;
  unchanged(problem: NonNullable<State['problem']>): string;
  earlier(ticket: GuestTicket): string;
  /** What the desk wrote into the conversation; null for what this page does not know. */
  event(event: SystemEvent): string | null;
}

/** Languages besides English; each is loaded by who needs it. */
const LANGUAGES: Readonly<Record<string, () => Promise<Words>>> = {
  ar: async () => (await import('./ar')).ar,
};

/** The words of the language in use. */
export let words: Words = en;

/** Takes the language that the address asks for, else the first of the browser's that there is. */
export async function chooseLanguage(): Promise<void> {
  const asked = new URLSearchParams(location.search).get('lang');
  const known = [...(asked ? [asked] : []), ...navigator.languages]
    .map((tag) => tag.slice(0, 2).toLowerCase())
    .find((tag) => tag === 'en' || Object.hasOwn(LANGUAGES, tag));
  try {
    words = (await LANGUAGES[known ?? 'en']?.()) ?? en;
  } catch {
    // The other language did not come through; the page itself did.
  }
  document.documentElement.lang = words.locale;
  document.documentElement.dir = words.dir;
  // The page without a live connection is asked for in the same language.
  (document.querySelector('#plain a') as HTMLAnchorElement).search = location.search;
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    const word = words.frame[element.dataset['word'] ?? ''] ?? '';
    if (element instanceof HTMLTextAreaElement) element.placeholder = word;
    else if (element.dataset['as'] === 'label') element.ariaLabel = word;
    else element.textContent = word;
  }
}
