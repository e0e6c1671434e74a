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
      return `retrying for ${duration(Math.max(0, now - state.since))}: ${state.detail}`;
    case 'halted':
      return `halted: ${state.detail}`;
  }
}

/** What to do, when something is to be done. */
export function stateHint(state: ConnectionState): string | undefined {
  return state.kind === 'halted' ? state.hint : undefined;
}
