import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Tag, type Tone } from '../../parts/basics.tsx';
import type { Standing } from './standing.ts';

const TONES: Readonly<Record<Standing['kind'], Tone>> = {
  held: 'warn',
  full: 'bad',
  halted: 'bad',
  retrying: 'warn',
  clearing: 'info',
  receiving: 'accent',
  paused: 'mute',
  applying: 'info',
  writing: 'info',
  written: 'ok',
};
const MOVES: readonly Standing['kind'][] = ['receiving', 'applying', 'writing', 'clearing'];

/** Where a cohort stands, in words; the colour only repeats them. */
export function StandingTag({ standing }: { readonly standing: Standing }): ReactNode {
  const { t } = useI18n();
  return (
    <Tag tone={TONES[standing.kind]} dot={MOVES.includes(standing.kind) ? 'beats' : true}>
      {standing.kind === 'receiving'
        ? t('standing.receiving', { n: standing.pages, of: standing.of })
        : t(`standing.${standing.kind}`)}
    </Tag>
  );
}
