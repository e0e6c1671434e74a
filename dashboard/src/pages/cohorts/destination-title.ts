import type { CohortImport } from '../../api.ts';
import type { I18n } from '../../i18n/i18n.tsx';

/** Where an import writes, in one line: `Braze, custom attributes · rest.fra-01.braze.eu`. */
export function destinationTitle(
  { kind, place }: CohortImport['destination'],
  known: I18n['known'],
): string {
  const title = known(`destination.${kind}`, kind);
  return place === '' ? title : `${title} · ${place.replace(/^https:\/\//, '')}`;
}
