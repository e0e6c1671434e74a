import { configJsonSchema } from '../../src/connector/config.ts';
import { cohortImportsPage } from './cohort-imports.ts';
import { eventsPage } from './events.ts';
import { settingsPage } from './settings.ts';

/** The generated pages: path below the repository → text. */
export function pages(): Record<string, string> {
  return {
    'docs/reference/cohort-imports.md': cohortImportsPage(),
    'docs/reference/events.md': eventsPage(),
    'docs/reference/settings.md': settingsPage(),
    'docs/reference/sluice.schema.json': `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  };
}
