import { z } from 'zod';
import type { Add, ApiParts } from './operation.ts';
import { listOf } from './shapes.ts';

const TAG = 'Events';

const event = z.object({
  type: z.string().describe('Currents type'),
  event: z.string().nullable().describe('Mixpanel event name; null: there is none'),
  label: z.string(),
  channel: z.string().nullable(),
  family: z.enum(['Message Engagement', 'Customer Behavior']).nullable(),
  description: z.string(),
  mtuExempt: z.boolean().describe('Does not count for monthly tracked users in Mixpanel'),
  pii: z.boolean().describe('Carries personal data'),
  status: z.enum(['documented', 'storage-only', 'unconfirmed']),
});

const detail = event.extend({
  properties: z.array(
    z.object({
      name: z.string().describe('Property in Mixpanel'),
      field: z.string().nullable().describe('Currents field; null: it comes from none'),
      type: z.string(),
      required: z.boolean(),
      pii: z.boolean(),
    }),
  ),
  sample: z
    .object({ before: z.unknown(), after: z.unknown() })
    .nullable()
    .describe('A made-up record and the event that it becomes'),
});

const unknown = z.object({
  types: z.array(
    z.object({
      type: z.string(),
      connection: z.string(),
      read: z.number().describe('Read and not sent'),
      included: z.boolean().describe('The settings send it from now on'),
    }),
  ),
  fields: z.array(
    z.object({
      type: z.string(),
      field: z.string(),
      connection: z.string(),
      n: z.number().describe('Records that carried it'),
      included: z.boolean(),
    }),
  ),
});

export function eventRoutes(add: Add, { management }: ApiParts): void {
  const { events } = management;

  add({
    ...{ method: 'GET', path: '/events', id: 'listEvents', tag: TAG, role: 'viewer' },
    summary: 'Every event type that Sluice knows',
    answers: { 200: listOf(event) },
    example: { status: 200 },
    handler: () => Promise.resolve({ items: events.list() }),
  });

  add({
    ...{ method: 'GET', path: '/events/:type', id: 'getEvent', tag: TAG, role: 'viewer' },
    summary: 'One event type with its properties and a sample',
    params: z.object({ type: z.string().max(300).describe('Currents type') }),
    answers: { 200: detail },
    example: { params: { type: 'users.messages.email.Click' }, status: 200 },
    handler: ({ params }) => Promise.resolve(events.get(params.type)),
  });

  add({
    ...{ method: 'GET', path: '/unknown', id: 'listUnknown', tag: TAG, role: 'viewer' },
    summary: 'What Braze sends and the catalogue does not know: types and fields',
    description:
      'To send them: put `settings.uncatalogued: send` (types; `settings.events` must select them, too) or `settings.newFields: send` (fields) into the connection.',
    answers: { 200: unknown },
    example: { status: 200 },
    handler: () => events.unknown(),
  });
}
