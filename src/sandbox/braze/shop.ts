import type { Draft } from './draft.ts';
import type { Random } from './random.ts';

const APP = 'users.behaviors.app.';

export const SHOP_TYPES: readonly string[] = [
  `${APP}SessionStart`,
  `${APP}SessionEnd`,
  'users.behaviors.CustomEvent',
  'users.behaviors.Purchase',
];

/** A session in which the user looks around and perhaps buys. True when they did. */
export function shop(draft: Draft, random: Random): boolean {
  draft.add(`${APP}SessionStart`, 1, 20);
  draft.journey.sessions.push(draft.now);
  const looks = random.between(0, 4);
  for (let i = 0; i < looks; i++) draft.add('users.behaviors.CustomEvent', 2, 120);
  const buys = random.chance(0.25);
  if (buys) {
    draft.add('users.behaviors.Purchase', 10, 300);
    if (random.chance(0.2)) draft.add('users.behaviors.Purchase');
  }
  if (random.chance(0.9)) draft.add(`${APP}SessionEnd`, 5, 120);
  return buys;
}
