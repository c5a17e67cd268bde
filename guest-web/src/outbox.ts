// What this browser remembers: messages that are not known to be stored, texts that are not finished,
// and that a session exists.
// It holds them in localStorage, one key a letter, so that tabs never overwrite each other's.
// All tabs see all letters. The tab that wrote one sends it; when that has not come about after
// ADOPT_MS (the tab was closed), any other does. If both do, the server stores it once, by its id.
// It must not decide what is sent when: chat.ts does.

import type { Details, Letter, Pending } from './state';

const LETTER = 'support.outbox.';
const SESSION = 'support.session';
const TAB = 'support.tab';
const DRAFT = 'support.draft.';
const LETTERS_MAX = 100;
const ADOPT_MS = 5_000;

interface Shelf {
  keys(): string[];
  get(key: string): string | null;
  /** False when there is no room. */
  set(key: string, value: string): boolean;
  remove(key: string): void;
}

/** What another tab has done. */
export interface Neighbour {
  kept(letter: Letter): void;
  dropped(id: string): void;
  sessionBegun(): void;
}

export class Outbox {
  readonly #local = usable(() => localStorage);
  readonly #own = usable(() => sessionStorage);
  readonly #tab = tabId(this.#own);
  #latest = 0;

  constructor(neighbour: Neighbour) {
    window.addEventListener('storage', ({ key, newValue }) => {
      if (key === SESSION && newValue !== null) neighbour.sessionBegun();
      if (!key?.startsWith(LETTER)) return;
      const letter = parse(newValue);
      if (letter) neighbour.kept(letter);
      else neighbour.dropped(key.slice(LETTER.length));
    });
  }

  /** Stores a new message before anything else happens to it; null when there is no room. */
  write(text: string, ticketId: string | null, details: Details): Letter | null {
    if (this.#keys().length >= LETTERS_MAX) return null;
    this.#latest = Math.max(Date.now(), this.#latest + 1);
    const letter: Letter = {
      id: newId(),
      ticketId,
      text,
      at: this.#latest,
      tab: this.#tab,
      details,
      failure: null,
    };
    return this.keep(letter) ? letter : null;
  }

  /** False when the storage is full. */
  keep(letter: Letter): boolean {
    return this.#local.set(LETTER + letter.id, JSON.stringify(letter));
  }

  drop(id: string): void {
    this.#local.remove(LETTER + id);
  }

  load(): Pending[] {
    const letters = this.#keys()
      .map((key) => parse(this.#local.get(key)))
      .filter((letter) => letter !== null);
    // New ones come after these, even if the clock has been set back.
    this.#latest = Math.max(0, ...letters.map((letter) => letter.at));
    return letters.map((letter) => ({ letter, mine: this.isAdoptable(letter), sent: false }));
  }

  /** This tab wrote it, or the tab that did seems to be gone. */
  isAdoptable(letter: Letter): boolean {
    return letter.tab === this.#tab || Math.abs(Date.now() - letter.at) > ADOPT_MS;
  }

  get hasSession(): boolean {
    return this.#local.get(SESSION) !== null;
  }

  set hasSession(yes: boolean) {
    if (yes) this.#local.set(SESSION, '1');
    else this.#local.remove(SESSION);
  }

  /** The text that this tab has begun there. Other tabs have boxes of their own. */
  draft(at: string): string {
    return this.#own.get(DRAFT + at) ?? '';
  }

  keepDraft(at: string, text: string): void {
    if (text) this.#own.set(DRAFT + at, text);
    else this.#own.remove(DRAFT + at);
  }

  #keys(): string[] {
    return this.#local.keys().filter((key) => key.startsWith(LETTER));
  }
}

function parse(value: string | null): Letter | null {
  try {
    const letter = JSON.parse(value ?? 'null') as Partial<Letter> | null;
    return typeof letter?.id === 'string' && typeof letter.text === 'string' ? (letter as Letter) : null;
  } catch {
    return null;
  }
}

/** Survives a reload, so that a tab goes on with its own letters at once. */
function tabId(storage: Shelf): string {
  const known = storage.get(TAB);
  if (known !== null) return known;
  const made = newId();
  storage.set(TAB, made);
  return made;
}

/** crypto.randomUUID exists under https and on localhost only. */
function newId(): string {
  if (window.isSecureContext) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The browser's storage, or, where the guest has forbidden it, one that lasts as long as the page. */
function usable(open: () => Storage): Shelf {
  try {
    const storage = open();
    return {
      keys: () => Object.keys(storage),
      get: (key) => storage.getItem(key),
      set(key, value) {
        try {
          storage.setItem(key, value);
          return true;
        } catch {
          return false;
        }
      },
      remove: (key) => storage.removeItem(key),
    };
  } catch {
    const items = new Map<string, string>();
    return {
      keys: () => [...items.keys()],
      get: (key) => items.get(key) ?? null,
      set: (key, value) => Boolean(items.set(key, value)),
      remove: (key) => items.delete(key),
    };
  }
}
