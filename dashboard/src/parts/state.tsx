import type { ReactNode } from 'react';
import type { State, StateKind } from '../api.ts';
import { type I18n, useI18n } from '../i18n/i18n.tsx';
import { Tag, type Tone } from './basics.tsx';

const TONES: Readonly<Record<StateKind, Tone>> = {
  active: 'ok',
  idle: 'ok',
  'catching-up': 'info',
  retrying: 'warn',
  halted: 'bad',
  paused: 'mute',
};

/** What a connection is doing, in words; the colour only repeats them. */
export function StateTag({ state }: { readonly state: State }): ReactNode {
  const i18n = useI18n();
  return (
    <Tag tone={TONES[state.kind]} dot={state.kind === 'active' ? 'beats' : true}>
      {stateWords(state, i18n)}
    </Tag>
  );
}

export function stateWords(state: State, { t, format }: Pick<I18n, 't' | 'format'>): string {
  return state.kind === 'catching-up' && state.secondsLeft !== undefined
    ? t('state.catching-up.left', { time: format.duration(state.secondsLeft) })
    : t(`state.${state.kind}`);
}

/** How far behind it is; what is paused and misses nothing yet is not called up to date. */
export function lagWords(
  seconds: number | null,
  state: State,
  { t, format }: Pick<I18n, 't' | 'format'>,
): string {
  if (seconds === null || (seconds === 0 && state.kind === 'paused')) return '–';
  return seconds === 0 ? t('lag.none') : format.duration(seconds);
}

/** Whether a person has to look at it. */
export function needsAttention(state: State): boolean {
  return state.kind === 'halted' || state.kind === 'retrying';
}
