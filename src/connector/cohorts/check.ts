import { checkCohortFile } from '../../sinks/cohort-file.ts';
import { checkPartnerCohorts } from '../../sinks/partner-cohorts.ts';
import { checkUsersTrack } from '../../sinks/users-track.ts';
import type { CohortImportSpec } from './spec.ts';

export interface CohortCheck {
  readonly ok: boolean;
  /** What was found, or exactly what is wrong. */
  readonly detail: string;
}

/** Tries credentials, or access to a folder, without side effects. */
export function checkDestination(
  destination: CohortImportSpec['destination'],
  signal: AbortSignal,
): Promise<CohortCheck> {
  switch (destination.kind) {
    case 'users-track':
      return checkUsersTrack(destination, signal);
    case 'partner-cohorts':
      return checkPartnerCohorts(destination, signal);
    case 'file':
      return checkCohortFile(destination, signal);
  }
}
