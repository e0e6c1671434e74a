import { z } from 'zod';
import { mappingSettings } from '../../mapping/settings.ts';
import { BRAZE_INSTANCES } from '../../sinks/braze-settings.ts';
import { cohortFileSink } from '../../sinks/cohort-file.ts';
import { mixpanelSink } from '../../sinks/mixpanel.ts';
import { partnerCohortsSink } from '../../sinks/partner-cohorts.ts';
import { usersTrackSink } from '../../sinks/users-track.ts';
import { cohortImportSpec } from '../cohorts/spec.ts';
import { connectionSpec } from '../connection.ts';
import { SOURCES, sourceSpec } from '../sources.ts';

/** Of a source or a destination what a form is made of. */
export interface KindOfPlace {
  readonly kind: string;
  readonly title: string;
  readonly summary: string;
  /** JSON Schema of its settings; a secret one says `secret: true`. */
  readonly schema: unknown;
  readonly example: unknown;
}

const INPUT = { io: 'input' } as const;

export function kindsOfSource(): KindOfPlace[] {
  return Object.values(SOURCES).map(({ name, title, summary, settings, example }) => ({
    ...{ kind: name, title, summary, example },
    schema: z.toJSONSchema(settings, INPUT),
  }));
}

export function kindsOfDestination(): KindOfPlace[] {
  const { name, title, summary, settings, example } = mixpanelSink;
  return [
    {
      ...{ kind: name, title, summary, example },
      schema: z.toJSONSchema(settings.omit({ connections: true }), INPUT),
    },
  ];
}

/** Where cohorts may go. */
export function kindsOfCohortDestination(): KindOfPlace[] {
  return [usersTrackSink, partnerCohortsSink, cohortFileSink].map(
    ({ name, title, summary, settings, example }) => ({
      ...{ kind: name, title, summary, example },
      schema: z.toJSONSchema(settings, INPUT),
    }),
  );
}

/** REST endpoints of Braze that have a name; any other may be given too. */
export function brazeInstances(): { readonly name: string; readonly url: string }[] {
  return Object.entries(BRAZE_INSTANCES).map(([name, url]) => ({ name, url }));
}

/** JSON Schema of what is sent and how. */
export function settingsSchema(): unknown {
  return z.toJSONSchema(mappingSettings, INPUT);
}

/** JSON Schemas of a connection and of its parts, as a person writes them. */
export function specSchemas(): Readonly<Record<string, unknown>> {
  return {
    Connection: z.toJSONSchema(connectionSpec, INPUT),
    Source: z.toJSONSchema(sourceSpec, INPUT),
    Destination: z.toJSONSchema(connectionSpec.shape.destination, INPUT),
    Settings: settingsSchema(),
    CohortImport: z.toJSONSchema(cohortImportSpec, INPUT),
  };
}
