import type { BrazeUser, CohortUserState } from '../../api.ts';
import type { I18n } from '../../i18n/i18n.tsx';
import type { Tone } from '../../parts/basics.tsx';

export const USER_STATES: readonly CohortUserState[] = [
  'in',
  'pending_add',
  'pending_remove',
  'unmatched',
  'refused',
  'suppressed',
  'out',
];

export const USER_TONES: Readonly<Record<CohortUserState, Tone>> = {
  in: 'ok',
  pending_add: 'info',
  pending_remove: 'info',
  unmatched: 'warn',
  refused: 'bad',
  suppressed: 'mute',
  out: 'mute',
};

/** Who somebody is in Braze, without the kind. */
export function idOf(user: BrazeUser): string {
  return user.kind === 'user_alias' ? `${user.label}: ${user.name}` : user.id;
}

/** One text a user, in which two users are alike only if they are the same. */
export function keyOf(user: BrazeUser): string {
  return JSON.stringify(
    user.kind === 'user_alias' ? [user.label, user.name] : [user.kind, user.id],
  );
}

/** Ours for a reason that we know; Braze's words stand as they are. */
export function reasonWords(reason: string, known: I18n['known']): string {
  return known(`reason.${reason}`, reason);
}
