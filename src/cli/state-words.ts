import type { ConnectionState } from '../core/connections.ts';
import { bytes, duration } from './terminal.ts';

/** What a connection is doing, in words. */
export function stateWords(state: ConnectionState, now: number): string {
  switch (state.kind) {
    case 'idle':
    case 'active':
    case 'paused':
      return state.kind;
    case 'catching-up':
      return state.secondsLeft === undefined
        ? `catching up, ${bytes(state.bytesLeft)} left`
        : `catching up, about ${duration(state.secondsLeft * 1000)} left`;
    case 'retrying':
      return `retrying for ${duration(Math.max(0, now - state.since))}`;
    case 'halted':
      return 'halted';
  }
}

/** Why, and what to do, where there is something to say. */
export function stateDetail(state: ConnectionState): string | undefined {
  if (state.kind === 'retrying') return state.detail;
  return state.kind === 'halted' ? `${state.detail} ${state.hint}` : undefined;
}
