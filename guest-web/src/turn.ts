// One call of `update` under way, and the few steps that every part of the logic takes.

import type { Effect, Event, State } from './state';
import type { ApiError } from './wire';

const BACK_OFF_MS = 1_000;
const BACK_OFF_MAX_MS = 30_000;

export interface Turn {
  state: State;
  readonly effects: Effect[];
}

export function set(turn: Turn, patch: Partial<State>): void {
  turn.state = { ...turn.state, ...patch };
}

export function wait(turn: Turn, ms: number, then: Event): void {
  turn.effects.push({ do: 'wait', ms, then });
}

/** How long to leave the server alone: what it asked for, else longer each time. */
export function pause(turn: Turn, error: ApiError | null): number {
  const { tries } = turn.state;
  set(turn, { tries: tries + 1 });
  return error?.retryAfterMs ?? Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** tries);
}
