import type { CohortSync } from '../../api.ts';
import type { Tone } from '../../parts/basics.tsx';

export const SYNC_TONES: Readonly<Record<CohortSync['state'], Tone>> = {
  receiving: 'accent',
  applying: 'info',
  done: 'ok',
  outdated: 'mute',
  expired: 'warn',
};
