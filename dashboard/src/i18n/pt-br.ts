import type { Dictionary } from './i18n.tsx';
import { access } from './pt-br/access.ts';
import { cohortImports } from './pt-br/cohort-imports.ts';
import { cohorts } from './pt-br/cohorts.ts';
import { common } from './pt-br/common.ts';
import { current } from './pt-br/current.ts';
import { currents } from './pt-br/currents.ts';
import { deadLetters } from './pt-br/dead-letters.ts';
import { form } from './pt-br/form.ts';
import { library } from './pt-br/library.ts';
import { settings } from './pt-br/settings.ts';

export const ptBr: Dictionary = {
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
};
