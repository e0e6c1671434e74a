import type { StoredCohortImport } from '../../core/cohorts.ts';
import type { ConnectionState } from '../../core/connections.ts';
import { InputError, StateError } from '../../core/errors.ts';
import { usersTrackSettings } from '../../sinks/braze-settings.ts';
import { planImports, shownImport, storedImport, warningsOf } from '../cohorts/apply.ts';
import { type CohortParts, storedImportOf } from '../cohorts/parts.ts';
import { type CohortImportSpec, cohortImportSpec, parseCohortImport } from '../cohorts/spec.ts';
import { type Edited, shownChanges } from './edit.ts';
import { keepSecrets, type SecretRules } from './keep-secrets.ts';

export interface ImportSummary {
  readonly name: string;
  /** `place`: where in Braze, or on this machine. Holds no secret. */
  readonly destination: { readonly kind: string; readonly place: string };
  readonly state: ConnectionState;
  readonly paused: boolean;
  /** That let Mixpanel in now. */
  readonly keys: number;
  /** When Mixpanel last called. Milliseconds since the epoch, as all times here. */
  readonly receivedAt: number | null;
  /** When something was last written to Braze. */
  readonly writtenAt: number | null;
  readonly createdAt: number;
  readonly revision: number;
}

export interface ImportDetail extends ImportSummary {
  /** With secrets hidden. */
  readonly spec: unknown;
  /** Path that Mixpanel calls with a key as the password; a key itself may stand in the place of the name. */
  readonly receivePath: string;
  readonly warnings: readonly string[];
}

const { instance } = usersTrackSettings.shape;

/** A key of Braze goes to no other instance or partner than the one that it was given for. */
export const IMPORT_SECRETS: SecretRules = {
  schema: cohortImportSpec,
  parts: ['destination'],
  addresses: ['instance', 'partner'],
  spelled: (address) => instance.safeParse(address).data ?? address,
};

/** In order of name. */
export async function listImports(parts: CohortParts): Promise<ImportSummary[]> {
  const stored = await parts.state.cohortImports.list();
  return Promise.all(stored.map((each) => summaryOf(parts, each)));
}

/** Throws UsageError `no_such_import`. */
export async function describeImport(parts: CohortParts, name: string): Promise<ImportDetail> {
  const stored = await storedImportOf(parts, name);
  const spec = cohortImportSpec.safeParse(stored.spec).data;
  const summary = await summaryOf(parts, stored);
  return {
    ...summary,
    spec: shownImport(stored),
    receivePath: `/cohorts/${encodeURIComponent(name)}`,
    warnings: [
      ...(spec ? warningsOf(spec) : ['Its settings are not valid any more: put them right.']),
      ...(summary.keys === 0 ? ['It has no key, so Mixpanel can not get in: make one.'] : []),
    ],
  };
}

/** Throws UsageError, and StateError `exists`. */
export async function createImport(
  { state, now }: CohortParts,
  input: unknown,
): Promise<{ readonly name: string; readonly warnings: readonly string[] }> {
  const spec = parseCohortImport(keepSecrets(input, undefined, IMPORT_SECRETS));
  const { name, paused = false } = spec;
  await state.cohortImports.put(name, storedImport(spec), now(), paused, 'none');
  return { name, warnings: warningsOf(spec) };
}

/** Puts a new spec in the place of the old one, if that is still of this revision. `dryRun`: only says what it would do. */
export async function changeImport(
  parts: CohortParts,
  name: string,
  input: unknown,
  { revision, dryRun }: { readonly revision: number; readonly dryRun: boolean },
): Promise<Edited> {
  const { cohortImports } = parts.state;
  const before = await storedImportOf(parts, name);
  if (before.revision !== revision)
    throw new StateError('revision_changed', `${name} was changed by somebody else meanwhile`, {
      hint: 'Read it again, and make your change to what it is now.',
    });
  const spec: CohortImportSpec = parseCohortImport(keepSecrets(input, before.spec, IMPORT_SECRETS));
  if (spec.name !== name)
    throw new InputError('bad_cohort_import', 'The name of a cohort import never changes', [
      { path: 'name', message: `must be ${name}` },
    ]);
  const [change] = await planImports({ list: () => Promise.resolve([before]) }, [spec], {
    prune: false,
  });
  if (!dryRun && change!.kind === 'change')
    await cohortImports.put(name, storedImport(spec), parts.now(), spec.paused, revision);
  return { changes: shownChanges(change!), warnings: change!.warnings };
}

async function summaryOf(
  { state, now }: CohortParts,
  { name, spec, paused, createdAt, revision }: StoredCohortImport,
): Promise<ImportSummary> {
  const at = now();
  const status = (await state.cohortImports.statuses()).find((each) => each.import === name);
  const keys = await state.cohortImports.keys(name);
  return {
    name,
    destination: destinationOf(spec),
    state: paused ? { kind: 'paused' } : (status?.state ?? { kind: 'idle' }),
    paused,
    keys: keys.filter(({ endsAt }) => endsAt === null || endsAt > at).length,
    receivedAt: latest([status?.receivedAt, ...keys.map(({ usedAt }) => usedAt)]),
    writtenAt: status?.writtenAt ?? null,
    createdAt,
    revision,
  };
}

function latest(times: readonly (number | null | undefined)[]): number | null {
  const known = times.filter((each) => typeof each === 'number');
  return known.length === 0 ? null : Math.max(...known);
}

function destinationOf(spec: unknown): ImportSummary['destination'] {
  const { destination } = spec as { destination?: Readonly<Record<string, unknown>> };
  const place = destination?.['instance'] ?? destination?.['path'];
  return {
    kind: String(destination?.['kind']),
    place: typeof place === 'string' ? place : '',
  };
}
