import type { CohortImports, StoredCohortImport } from '../../core/cohorts.ts';
import type { Change } from '../apply.ts';
import { fieldChanges } from '../diff.ts';
import { redact } from '../redact.ts';
import { type CohortImportSpec, cohortImportSpec } from './spec.ts';

export type ImportChange = Change<CohortImportSpec>;

/** Compares cohort imports with those stored. Changes nothing. */
export async function planImports(
  imports: Pick<CohortImports, 'list'>,
  specs: readonly CohortImportSpec[],
  { prune }: { readonly prune: boolean },
): Promise<ImportChange[]> {
  const stored = new Map((await imports.list()).map((each) => [each.name, each]));
  const named = new Set(specs.map(({ name }) => name));
  return [
    ...specs.map((spec) => {
      const before = stored.get(spec.name);
      return before ? changeOf(spec, before) : created(spec);
    }),
    ...[...stored.values()]
      .filter(({ name }) => !named.has(name))
      .map(({ name, paused }): ImportChange => ({
        name,
        kind: prune ? 'delete' : 'left',
        fields: [],
        isPaused: paused,
        warnings: [],
      })),
  ];
}

/** The same where there is no data folder yet. */
export function planImportsForNewFolder(specs: readonly CohortImportSpec[]): ImportChange[] {
  return specs.map(created);
}

/** Carries out what was planned. */
export async function carryOutImports(
  imports: CohortImports,
  changes: readonly ImportChange[],
  at: number,
): Promise<void> {
  for (const { name, kind, fields, paused, spec } of changes) {
    if (kind === 'delete') await imports.remove(name, at);
    // Paused first: a new import that is to rest must not write for an instant.
    if (spec && (kind === 'create' || fields.length > 0))
      await imports.put(name, storedImport(spec), at, paused);
    else if (paused !== undefined) await imports.setPaused(name, paused, at);
  }
}

/** Resting is kept beside the spec, since people change it in other ways too. */
export function storedImport({ paused: _paused, ...spec }: CohortImportSpec): unknown {
  return spec;
}

/** A stored spec as it may be shown. */
export function shownImport({ spec }: StoredCohortImport): unknown {
  return redact(cohortImportSpec, spec);
}

function created(spec: CohortImportSpec): ImportChange {
  return {
    name: spec.name,
    kind: 'create',
    fields: [],
    ...(spec.paused === undefined ? {} : { paused: spec.paused }),
    isPaused: spec.paused ?? false,
    warnings: warningsOf(spec),
    spec,
  };
}

function changeOf(spec: CohortImportSpec, before: StoredCohortImport): ImportChange {
  const fields = fieldChanges(cohortImportSpec, before.spec, storedImport(spec));
  const paused = spec.paused === before.paused ? undefined : spec.paused;
  const touches = (part: string): boolean =>
    fields.some(({ place }) => place === part || place.startsWith(`${part}.`));
  return {
    name: spec.name,
    kind: fields.length > 0 || paused !== undefined ? 'change' : 'unchanged',
    fields,
    ...(paused === undefined ? {} : { paused }),
    isPaused: paused ?? before.paused,
    warnings:
      fields.length === 0
        ? []
        : [
            ...warningsOf(spec),
            ...(touches('identity')
              ? [
                  'All members are identified anew: who is known by another id then is taken out under the old one and put in under the new one.',
                ]
              : []),
            ...(MOVES.some(touches)
              ? [
                  'Cohorts go to another place in Braze from now on: everybody is written anew there. What was written before stays as it is.',
                ]
              : []),
          ],
    spec,
  };
}

/** Settings that say where in Braze membership stands. */
const MOVES = ['kind', 'instance', 'partner', 'path', 'format', 'attribute'].map(
  (key) => `destination.${key}`,
);

/** What one should know of settings that are valid. */
export function warningsOf({ identity, destination }: CohortImportSpec): string[] {
  return [
    ...(identity.as === 'email'
      ? [
          'Members are known by their email address: where several profiles share one, Braze changes the one that was updated last.',
        ]
      : []),
    ...(destination.kind === 'users-track' && destination.attribute.kind === 'array'
      ? [
          `The attribute ${destination.attribute.name} holds cohorts up to its maxLength, ${destination.attribute.maxLength}: those that come later are not written. Beyond what Braze really keeps, users would silently drop out of the oldest.`,
        ]
      : []),
  ];
}
