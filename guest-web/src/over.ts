// What a guest can do besides talking: say that it is done, rate, take a transcript, begin anew, go
// back to an earlier conversation. It draws the state and reports; it must not decide what is sent.

import { button, find, make, say } from './elements';
import { dated } from './lines';
import { type Event, type State, isOver, target } from './state';
import { words } from './words';

const BEST = 5;

export class Over {
  readonly #dispatch: (event: Event) => void;
  readonly #part = find('over');
  readonly #done = find<HTMLButtonElement>('done');
  readonly #rating = find<HTMLFormElement>('rating');
  readonly #earlier = find<HTMLDetailsElement>('earlier');
  readonly #list = this.#earlier.querySelector('ul') as HTMLElement;
  #shown: string | null = null;
  #source = '';

  constructor(dispatch: (event: Event) => void) {
    this.#dispatch = dispatch;
    for (let score = 1; score <= BEST; score += 1) {
      const input = make('input', '');
      Object.assign(input, { type: 'radio', name: 'score', value: score });
      const label = make('label', '');
      label.append(input, String(score));
      find('scores').append(label);
    }
    this.#done.addEventListener('click', () => dispatch({ is: 'done' }));
    this.#rating.addEventListener('submit', (event) => {
      event.preventDefault();
      const score = Number(new FormData(this.#rating).get('score'));
      if (score) dispatch({ is: 'rated', score, comment: find<HTMLInputElement>('comment').value.trim() });
      else say(find('problem'), words.chooseScore);
    });
    find('new-conversation').addEventListener('click', () => {
      dispatch({ is: 'newConversation' });
      find('composer').focus();
    });
    this.#earlier.addEventListener('toggle', () => {
      if (this.#earlier.open) dispatch({ is: 'earlierWanted' });
    });
    this.#earlier.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#fold();
    });
    document.addEventListener('click', ({ target: at }) => {
      if (!this.#earlier.contains(at as Node)) this.#earlier.open = false;
    });
  }

  focus(): void {
    find('state').focus({ preventScroll: true });
  }

  render(state: State): void {
    const { ticket, problem } = state;
    const over = ticket !== null && isOver(ticket);
    const hadFocus = this.#done === document.activeElement || this.#rating.contains(document.activeElement);

    this.#done.hidden = target(state) === null || over;
    this.#part.hidden = !over;
    say(find('state'), !over ? '' : ticket.status === 'closed' ? words.closed : words.ended);
    const rated = ticket?.rating?.score;
    this.#rating.hidden = rated !== undefined;
    say(find('rated'), over && rated ? words.rated(rated) : '');
    if (over && this.#shown !== ticket.id) {
      this.#shown = ticket.id;
      this.#rating.reset();
      find<HTMLAnchorElement>('transcript').href = `/guest/tickets/${ticket.id}/transcript`;
    }
    say(find('problem'), problem ? words.unchanged(problem) : '');
    const isElsewhere = state.tickets.some((other) => other.id !== ticket?.id && !isOver(other));
    say(find('new-conversation'), isElsewhere ? words.toOpen : words.fresh);
    // What had the focus is gone with the answer: stay where it was pressed.
    if (hadFocus && over && (document.activeElement as HTMLElement | null)?.offsetParent == null) this.focus();

    this.#conversations(state);
    this.#earlier.hidden = !this.#list.firstChild;
  }

  #conversations({ tickets, ticket }: State): void {
    const others = tickets.filter((it) => it.id !== ticket?.id);
    // Left as they are while they say the same: the guest may be about to press one.
    const source = JSON.stringify(others.map((it) => [it.id, it.updatedAt, it.status, words.earlier(it)]));
    if (source === this.#source) return;
    this.#source = source;
    this.#list.replaceChildren(
      ...others.map((it) => {
        const item = make('li', '');
        const choose = button('', '', () => {
          this.#dispatch({ is: 'chosen', ticketId: it.id });
          this.#fold();
        });
        const title = make('bdi', '', words.earlier(it));
        const at = `${words.frame[it.status]} · ${dated('dayAndYear', new Date(it.updatedAt))}`;
        choose.append(title, make('small', '', at));
        item.append(choose);
        return item;
      }),
    );
  }

  #fold(): void {
    this.#earlier.open = false;
    this.#earlier.querySelector('summary')?.focus();
  }
}
