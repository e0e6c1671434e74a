import type { CohortSink } from '../../core/cohorts.ts';
import { cohortFileSink } from '../../sinks/cohort-file.ts';
import { partnerCohortsSink } from '../../sinks/partner-cohorts.ts';
import { usersTrackSink } from '../../sinks/users-track.ts';
import type { CohortImportSpec } from './spec.ts';

type Destination = CohortImportSpec['destination'];

export function openDestination(destination: Destination): CohortSink {
  switch (destination.kind) {
    case 'users-track':
      return usersTrackSink.open(destination);
    case 'partner-cohorts':
      return partnerCohortsSink.open(destination);
    case 'file':
      return cohortFileSink.open(destination);
  }
}

/**
 * What tells one place of members from another: when it changes, everybody is written anew. Keys are not part of it,
 * since they may be renewed.
 */
export function placeOf(destination: Destination): string {
  switch (destination.kind) {
    case 'users-track': {
      const { kind, instance, attribute } = destination;
      return JSON.stringify([kind, instance, attribute.kind, attribute.name]);
    }
    case 'partner-cohorts':
      return JSON.stringify([destination.kind, destination.instance, destination.partner]);
    case 'file':
      return JSON.stringify([destination.kind, destination.path, destination.format]);
  }
}

/** Requests to one place share one rate, whoever makes them. */
export function limitOf(destination: Destination): string {
  return destination.kind === 'file'
    ? `file ${destination.path}`
    : `${destination.kind} ${destination.instance}`;
}

/** Cohorts that there is room for; undefined: any number. */
export function roomOf(destination: Destination): number | undefined {
  return destination.kind === 'users-track' && destination.attribute.kind === 'array'
    ? destination.attribute.maxLength
    : undefined;
}
