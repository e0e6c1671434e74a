import { z } from 'zod';
import type { Add, ApiParts } from './operation.ts';
import { iso, isoOrNull, isoTime, listOf } from './shapes.ts';

const TAG = 'Service';

const service = z.object({
  version: z.string(),
  startedAt: isoTime,
  node: z.string(),
  uptimeSeconds: z.number(),
  dataDir: z.string(),
  databaseBytes: z.number(),
  inbox: z
    .array(z.object({ connection: z.string(), pushes: z.number(), bytes: z.number() }))
    .describe('Pushes that wait'),
  retention: z.record(z.string(), z.number()).describe('How long history is kept'),
  alerts: z.record(z.string(), z.unknown()).describe('Whom it tells, and when; secrets hidden'),
  listen: z.object({ host: z.string(), port: z.number() }),
  publicUrl: z.string().nullable(),
  trouble: z.string().nullable().describe('Why it can not do its work now'),
});

const alert = z.object({
  connection: z.string(),
  kind: z.enum([
    'halted',
    'retrying',
    'dead_letters',
    'lag',
    'nothing_received',
    'credentials_expire',
    'unreadable',
    'approval',
  ]),
  detail: z.string(),
  since: isoTime,
  toldAt: isoTime.nullable().describe('When people were told; null while that has not worked yet'),
});

export function serviceRoutes(add: Add, { management, version }: ApiParts): void {
  add({
    ...{ method: 'GET', path: '/service', id: 'getService', tag: TAG, role: 'viewer' },
    summary: 'The service as a whole',
    answers: { 200: service },
    example: { status: 200 },
    async handler() {
      const { startedAt, ...rest } = await management.service();
      return { version, startedAt: iso(startedAt), ...rest };
    },
  });

  add({
    ...{ method: 'GET', path: '/alerts', id: 'listAlerts', tag: TAG, role: 'viewer' },
    summary: 'What a person should know of now',
    answers: { 200: listOf(alert) },
    example: { status: 200 },
    async handler() {
      const alerts = await management.alerts();
      const items = alerts.map((each) => ({
        ...each,
        since: iso(each.since),
        toldAt: isoOrNull(each.toldAt),
      }));
      return { items };
    },
  });
}
