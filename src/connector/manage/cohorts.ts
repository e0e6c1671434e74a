import type { Cohort, CohortSync } from '../../core/cohorts.ts';
import type { ConnectionState } from '../../core/connections.ts';
import { type CohortParts, cohortOf, storedImportOf } from '../cohorts/parts.ts';
import { brazeFilter, type BrazeFilter } from '../cohorts/segment.ts';
import { type CohortImportSpec, cohortImportSpec } from '../cohorts/spec.ts';

export interface CohortDetail extends Cohort {
  /** What its import does. */
  readonly state: ConnectionState;
  readonly lastSync: CohortSync | null;
  /** How a Braze segment finds its users; null while the settings of the import are not valid. */
  readonly filter: BrazeFilter | null;
  readonly warnings: readonly string[];
}

/** Of the members, this share without an id is no accident. */
const MANY_UNMATCHED = 0.5;

/** Throws UsageError `no_such_cohort`. */
export async function describeCohort(parts: CohortParts, id: number): Promise<CohortDetail> {
  const cohort = await cohortOf(parts, id);
  const stored = await storedImportOf(parts, cohort.import);
  const spec = cohortImportSpec.safeParse(stored.spec).data;
  const status = (await parts.state.cohortImports.statuses()).find(
    (each) => each.import === cohort.import,
  );
  const [lastSync = null] = await parts.state.cohorts.syncs(id, { limit: 1 });
  return {
    ...cohort,
    state: stored.paused ? { kind: 'paused' } : (status?.state ?? { kind: 'idle' }),
    lastSync,
    filter: spec ? brazeFilter(spec, { id: cohort.cohortId, name: cohort.name }) : null,
    warnings: await warningsOf(parts, cohort, spec),
  };
}

async function warningsOf(
  { state }: CohortParts,
  { import: name, members, unmatched, refused }: Cohort,
  spec: CohortImportSpec | undefined,
): Promise<string[]> {
  if (!spec) return ['The settings of its import are not valid any more: put them right.'];
  const { identity, destination } = spec;
  const warnings: string[] = [];
  if (members > 0 && unmatched / members >= MANY_UNMATCHED)
    warnings.push(
      `${unmatched} of ${members} members have no id for Braze. Export ${identity.properties.join(' or ')} in Mixpanel, under Properties to Export.`,
    );
  if (refused > 0) warnings.push(`Braze refused ${refused} of its users: its reasons say why.`);
  if (destination.kind === 'users-track' && destination.attribute.kind === 'array') {
    const { maxLength, name: attribute } = destination.attribute;
    const all = await state.cohorts.list({ import: name, limit: maxLength + 1 });
    if (all.length > maxLength)
      warnings.push(
        `There are more cohorts than ${attribute} has room for (maxLength ${maxLength}): those that came last are not written. Use boolean attributes, or have the limit raised.`,
      );
  }
  return warnings;
}
