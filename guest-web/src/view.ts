// Draws the state and reports what the guest does. The only file that touches the document.
// It must not decide what is sent or loaded, and puts text into the page as text only.
// Elements are kept by a key that is the same before and after a message is stored, so that an
// acknowledgement changes an entry in place and is not read aloud as a new one.

import { find, make, say } from './elements';
import { type Line, type Press, keyOf, linesOf } from './lines';
import { Over } from './over';
import { BLANK, type Details, type Event, type State, draftOf, isAlone, isSameDraft, isStart, unseenOf } from './state';
import { words } from './words';

const CONTENT_MAX = 4_000;
const COUNT_FROM = 3_600;
const AT_BOTTOM_PX = 60;
const NEAR_TOP_PX = 600;

export interface Guest {
  /** What the guest does. */
  dispatch(event: Event): void;
  /** False when the message could not be kept; its text then stays in the box. */
  send(text: string, details: Details): boolean;
  /** The text that was begun in a conversation and not sent. */
  draft(at: string): string;
  keepDraft(at: string, text: string): void;
  /** So many messages the guest has not seen. */
  unread(count: number): void;
}

/** Puts a child before `place` unless it is there already; answers with what comes after it. */
function put(parent: Element, child: Element, place: Element | null): Element | null {
  if (child === place) return child.nextElementSibling;
  parent.insertBefore(child, place);
  return place;
}

/** When what is on the page now has been laid out and painted. */
function afterFrame(then: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(then));
}

export class View {
  readonly #guest: Guest;
  readonly #main = document.querySelector('main') as HTMLElement;
  readonly #log = find('log');
  readonly #newer = find<HTMLButtonElement>('newer');
  readonly #composer = find<HTMLTextAreaElement>('composer');
  readonly #send = find<HTMLButtonElement>('send');
  readonly #form = find<HTMLFormElement>('form');
  readonly #over: Over;
  readonly #about = find<HTMLDetailsElement>('details');
  readonly #hint = find('hint');
  readonly #drawn = new Map<string, { element: HTMLElement; source: string }>();
  readonly #pages = new Map<number, HTMLElement>();
  readonly #press: Press = {
    retry: (id) => this.#guest.dispatch({ is: 'retried', id, details: this.#details() }),
    discard: (id) => this.#guest.dispatch({ is: 'discarded', id }),
  };
  #state: State | null = null;
  #atBottom = true;
  /** The place in the log that this was last said of. */
  #top = 0;
  #announcing = false;
  /** False while the site that the page is embedded in has put it away. */
  #shown: boolean;

  constructor(guest: Guest, shown: boolean) {
    this.#guest = guest;
    this.#shown = shown;
    this.#over = new Over(guest.dispatch);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#composer.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    this.#composer.addEventListener('input', () => {
      this.#written();
    });
    find('about').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#introduce();
    });
    this.#about.addEventListener('toggle', () => this.#recall());
    this.#newer.addEventListener('click', () => {
      this.#toBottom();
      this.#composer.focus({ preventScroll: true });
    });
    this.#log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // The box grows, a keyboard slides in, the window is turned: stay at the newest message.
    new ResizeObserver(() => {
      this.#look();
      if (this.#atBottom) this.#toBottom();
    }).observe(this.#log);
    document.addEventListener('visibilitychange', () => this.#count());
    this.#fill(draftOf(BLANK), guest.draft(draftOf(BLANK)));
  }

  render(state: State): void {
    const before = this.#state;
    this.#state = state;
    this.#frame(state);
    this.#draft(before ?? BLANK, state);
    // It was this conversation's. Not sooner: a message that is tried again takes it from here.
    if (state.ticket && !before?.ticket) find<HTMLInputElement>('subject').value = '';
    if (
      before?.entries !== state.entries ||
      before.outbox !== state.outbox ||
      before.link !== state.link ||
      before.ticket?.status !== state.ticket?.status ||
      before.ticket?.agentReadSeq !== state.ticket?.agentReadSeq
    ) {
      this.#conversation(state, before);
    }
    if (state.named && before?.named !== state.named) this.#named(state.named);
    this.#count();
    this.#lookUp();
  }

  show(shown: boolean): void {
    this.#shown = shown;
    this.#count();
    if (shown && !this.#form.hidden) this.#composer.focus();
  }

  // ---- The frame around the conversation ----

  #frame(state: State): void {
    const { ticket } = state;
    const start = isStart(state);
    const closed = ticket?.status === 'closed';

    const status = find('status');
    status.dataset['state'] = state.link;
    say(status, words.status[state.link]);

    if (ticket) {
      this.#main.dataset['ticket'] = ticket.id;
      this.#main.dataset['status'] = ticket.status;
    } else {
      delete this.#main.dataset['ticket'];
      delete this.#main.dataset['status'];
    }
    const greets = start && state.outbox.every((p) => p.letter.failure !== null);
    this.#main.dataset['view'] = greets ? 'start' : 'conversation';

    say(find('heading'), ticket?.assignee && !closed ? words.withAgent(ticket.assignee.name) : words.heading);
    const reference = find('reference');
    reference.hidden = !ticket;
    say(reference, ticket ? words.reference(ticket.ref) : '');

    find('greeting').hidden = !greets;
    find('about').hidden = closed;
    const loading = find('loading');
    const waitsForPage = !state.loaded || (ticket !== null && state.entries.length === 0 && state.outbox.length === 0);
    loading.hidden = !waitsForPage && !state.loadingOlder;
    say(loading, loading.hidden ? '' : waitsForPage ? words.loading : words.loadingOlder);

    const { typing } = state;
    const agents = find('agents');
    // Said aloud is that nobody is there, and not every pause of somebody who writes.
    agents.ariaLive = typing ? 'off' : 'polite';
    say(agents, typing ? words.typing(typing.name) : isAlone(state) ? words.alone : '');

    const wasWriting = document.activeElement === this.#composer;
    this.#form.hidden = closed;
    this.#over.render(state);
    // Not to a button: the guest may be about to press Enter.
    if (closed && wasWriting) this.#over.focus();
    find('plain').hidden = state.link !== 'offline';
  }

  /** Each conversation has its own text that is not finished, also after a reload. */
  #draft(before: State, state: State): void {
    const [from, to] = [draftOf(before), draftOf(state)];
    if (from === to) return;
    const kept = this.#guest.draft(to);
    if (!isSameDraft(before, state)) {
      this.#fill(to, kept);
      return;
    }
    this.#fill(to, [kept, this.#composer.value].filter(Boolean).join('\n'));
    this.#guest.keepDraft(from, '');
  }

  #fill(at: string, text: string): void {
    // What is the same stays: the guest may be about to write on in the middle of it.
    if (this.#composer.value !== text) this.#composer.value = text;
    this.#guest.keepDraft(at, text);
    this.#measure();
  }

  #named(as: NonNullable<State['named']>): void {
    if (as === 'kept') {
      this.#about.open = false;
      this.#composer.focus();
    }
    say(this.#hint, words.named(as));
  }

  // ---- The conversation ----

  #conversation(state: State, before: State | null): void {
    this.#look();
    const log = this.#log;
    const isNewLog = before?.ticket?.id !== state.ticket?.id || before?.entries.length === 0;
    const wroteNow =
      before !== null && state.outbox.some((p) => p.mine && !before.outbox.some((q) => q.letter.id === p.letter.id));
    const follows = this.#atBottom || isNewLog || wroteNow;
    // Only what comes while the guest is here is read aloud, not the history.
    const isHistory = isNewLog || before?.entries[0] !== state.entries[0];
    if (isHistory || !this.#announcing) this.#keepQuiet();

    // The view is held by an entry that was there before, whatever is put above or below it.
    const anchor = before?.entries[0] && this.#drawn.get(keyOf(before.entries[0]))?.element;
    const anchorTop = anchor?.getBoundingClientRect().top ?? 0;
    this.#reconcile(linesOf(state, new Date()));
    if (follows) this.#toBottom();
    else if (anchor?.isConnected) log.scrollTop += anchor.getBoundingClientRect().top - anchorTop;
  }

  /** Makes these lines what is in the log, moving and redrawing as little as possible. */
  #reconcile(lines: readonly Line[]): void {
    const wanted = new Set(lines.map((line) => line.key));
    for (const [key, { element }] of this.#drawn) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
    for (const [number, page] of this.#pages) {
      if (page.firstChild) continue;
      page.remove();
      this.#pages.delete(number);
    }
    let nextPage = this.#log.firstElementChild;
    let page: HTMLElement | undefined;
    let next: Element | null = null;
    for (const line of lines) {
      const its = this.#page(line.page);
      if (its !== page) {
        page = its;
        nextPage = put(this.#log, page, nextPage);
        next = page.firstElementChild;
      }
      let drawn = this.#drawn.get(line.key);
      if (!drawn) {
        drawn = { element: document.createElement('div'), source: '' };
        this.#drawn.set(line.key, drawn);
      }
      if (drawn.source !== line.source) {
        drawn.source = line.source;
        line.draw(drawn.element, this.#press);
      }
      next = put(page, drawn.element, next);
    }
  }

  #page(number: number): HTMLElement {
    const known = this.#pages.get(number);
    if (known) return known;
    const page = make('div', 'page');
    this.#pages.set(number, page);
    // Only when its height is known is it left out while it is far away: else the view would jump.
    afterFrame(() => page.classList.add('settled'));
    return page;
  }

  #keepQuiet(): void {
    this.#announcing = false;
    this.#log.ariaLive = 'off';
    afterFrame(() => {
      this.#announcing = (this.#state?.entries.length ?? 0) > 0;
      if (this.#announcing) this.#log.ariaLive = 'polite';
    });
  }

  // ---- Scrolling ----

  #toBottom(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#top = this.#log.scrollTop;
    this.#atBottom = true;
    this.#count();
  }

  /** Whether the guest has scrolled: a message may come before the browser says so. */
  #look(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    if (scrollTop === this.#top) return;
    this.#top = scrollTop;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX;
  }

  #scrolled(): void {
    this.#look();
    this.#count();
    this.#lookUp();
  }

  #lookUp(): void {
    const state = this.#state;
    if (!state?.hasOlder || state.loadingOlder || state.sync !== 'ready') return;
    if (this.#log.scrollTop < NEAR_TOP_PX) this.#guest.dispatch({ is: 'nearTop' });
  }

  /** How many messages the guest has not seen: on the button, and on the tab while it is hidden. */
  #count(): void {
    const away = document.hidden || !this.#shown;
    if (this.#atBottom && !away) this.#guest.dispatch({ is: 'seen' });
    const unseen = this.#state ? unseenOf(this.#state) : 0;
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    const isFarAway = scrollHeight - scrollTop > 2 * clientHeight;
    this.#newer.hidden = this.#atBottom || (unseen === 0 && !isFarAway);
    say(this.#newer, unseen > 0 ? words.newer(unseen) : words.toNewest);
    document.title = words.title(away ? unseen : 0);
    this.#guest.unread(away ? unseen : 0);
  }

  // ---- Writing ----

  #submit(): void {
    const text = this.#composer.value.trim();
    if (text === '' || [...text].length > CONTENT_MAX) return;
    if (!this.#guest.send(text, this.#details())) {
      say(this.#hint, words.outboxFull);
      return;
    }
    this.#composer.value = '';
    this.#written();
    this.#composer.focus();
  }

  #written(): void {
    this.#measure();
    this.#guest.keepDraft(draftOf(this.#state ?? BLANK), this.#composer.value);
    this.#guest.dispatch({ is: 'typed', typing: this.#composer.value.trim() !== '' });
  }

  /** What is said before the first message goes along with it. */
  #introduce(): void {
    const details = this.#details();
    if (!this.#state?.ticket) this.#composer.focus();
    // The desk keeps what it knows when nothing is said.
    else if (details.name || details.email) {
      // What becomes of it is read aloud also when it is the same as before.
      say(this.#hint, '');
      this.#guest.dispatch({ is: 'introduced', details });
    }
  }

  /** What the desk knows of the guest already. */
  #recall(): void {
    const known = this.#state?.ticket?.guest;
    for (const id of ['name', 'email'] as const) find<HTMLInputElement>(id).value ||= known?.[id] ?? '';
  }

  #details(): Details {
    const value = (id: string) => find<HTMLInputElement>(id).value.trim();
    return { name: value('name'), email: value('email'), subject: value('subject') };
  }

  #measure(): void {
    const text = this.#composer.value.trim();
    const length = [...text].length;
    const left = CONTENT_MAX - length;
    this.#send.disabled = length === 0 || left < 0;
    this.#hint.classList.toggle('over', left < 0);
    say(this.#hint, left < 0 ? words.over(-left) : length >= COUNT_FROM ? words.left(left) : '');
    // Where style sheets cannot do it yet.
    if (!CSS.supports('field-sizing', 'content')) {
      this.#composer.style.height = 'auto';
      this.#composer.style.height = `${this.#composer.scrollHeight}px`;
    }
  }
}
