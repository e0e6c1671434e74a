import { access } from './en/access.ts';
import { cohortImports } from './en/cohort-imports.ts';
import { cohorts } from './en/cohorts.ts';
import { common } from './en/common.ts';
import { current } from './en/current.ts';
import { currents } from './en/currents.ts';
import { deadLetters } from './en/dead-letters.ts';
import { form } from './en/form.ts';
import { library } from './en/library.ts';
import { settings } from './en/settings.ts';

/** Every text of the dashboard, by subject. A key with `.one` and `.other` has a form for each number. */
export const en = {
  ...common,
  ...access,
  ...currents,
  ...form,
  ...library,
  ...current,
  ...deadLetters,
  ...settings,
  ...cohorts,
  ...cohortImports,
} as const;

export type Key = keyof typeof en;
