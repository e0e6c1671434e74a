import type { CohortName } from '../../core/cohorts.ts';
import { attributeName } from '../../sinks/users-track.ts';
import type { CohortImportSpec } from './spec.ts';

/** The filter by which a Braze segment finds the users of a cohort. */
export interface BrazeFilter {
  readonly kind: 'boolean' | 'array' | 'cohort' | 'file';
  /** Name of the custom attribute; null when it is none. */
  readonly attribute: string | null;
  /** As Braze's page words it; null for files. */
  readonly comparison: string | null;
  readonly value: string | boolean | null;
  /** What to do, for a person. */
  readonly words: string;
}

export function brazeFilter(
  { destination }: Pick<CohortImportSpec, 'destination'>,
  cohort: CohortName,
): BrazeFilter {
  switch (destination.kind) {
    case 'users-track': {
      const attribute = attributeName(destination.attribute, cohort.id);
      return destination.attribute.kind === 'boolean'
        ? {
            ...{ kind: 'boolean', attribute, comparison: 'is', value: true },
            words: `Add the filter Custom Attributes > ${attribute} > is > true.`,
          }
        : {
            ...{ kind: 'array', attribute, comparison: 'includes value', value: cohort.id },
            words: `Add the filter Custom Attributes > ${attribute} > includes value > ${cohort.id}.`,
          };
    }
    case 'partner-cohorts':
      return {
        ...{ kind: 'cohort', attribute: null, comparison: 'includes', value: cohort.name },
        words: `Add the filter of the partner ${destination.partner} (such as "Mixpanel Cohorts") > includes > ${cohort.name}.`,
      };
    case 'file':
      return {
        ...{ kind: 'file', attribute: null, comparison: null, value: null },
        words: `Import the file of this cohort from ${destination.path} in Braze under Audience > Import Users, and make a segment of that import.`,
      };
  }
}
