import { z } from 'zod';
import { mappingSettings } from '../../mapping/settings.ts';
import { mixpanelSink } from '../../sinks/mixpanel.ts';
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
