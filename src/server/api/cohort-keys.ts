import { z } from 'zod';
import { ROTATION_HOURS } from '../../connector.ts';
import type { ImportKey } from '../../core/cohorts.ts';
import { importName } from './cohort-imports.ts';
import type { Add, ApiParts } from './operation.ts';
import { iso, isoOrNull, isoTime, listOf, nothing } from './shapes.ts';

const TAG = 'Data import keys';

const key = z.object({
  id: z.number().int(),
  import: z.string(),
  note: z.string(),
  hint: z.string().describe('Its first characters'),
  createdAt: isoTime,
  usedAt: isoTime.nullable().describe('When it last let Mixpanel in, to the minute'),
  endsAt: isoTime.nullable().describe('From then on it lets nobody in; null: no end'),
});

const newKey = key.extend({ key: z.string().describe('The key itself; shown this once') });

const keyPlace = importName.extend({ id: z.coerce.number().int().min(1) });

function shown<T extends ImportKey>(given: T) {
  return {
    ...given,
    createdAt: iso(given.createdAt),
    usedAt: isoOrNull(given.usedAt),
    endsAt: isoOrNull(given.endsAt),
  };
}

/** Keys that let Mixpanel in: a matter of admins, from making one to its end. */
export function cohortKeyRoutes(add: Add, { management, audit }: ApiParts): void {
  const { keys } = management.cohorts;
  const named = (name: string, { hint }: ImportKey): string => `${name} (${hint}…)`;

  add({
    ...{ method: 'GET', path: '/cohort-imports/:name/keys', id: 'listImportKeys', tag: TAG },
    role: 'admin',
    summary: 'The keys of a cohort import, newest first, also those that have ended',
    params: importName,
    answers: { 200: listOf(key) },
    example: { params: { name: 'crm' }, status: 200 },
    handler: async ({ params }) => ({ items: (await keys.list(params.name)).map(shown) }),
  });

  add({
    ...{ method: 'POST', path: '/cohort-imports/:name/keys', id: 'addImportKey', tag: TAG },
    role: 'admin',
    summary: 'Make a key; it is shown this once',
    params: importName,
    body: z.object({ note: z.string().max(200).default('').describe('What it is for') }),
    answers: { 201: newKey },
    example: { params: { name: 'crm' }, body: { note: 'Project 991' }, status: 201 },
    async handler({ params, body, reply, actor }) {
      const made = await keys.add(params.name, body.note);
      await audit(actor, 'cohort-key.add', named(params.name, made));
      void reply.code(201);
      return shown(made);
    },
  });

  add({
    ...{ method: 'POST', path: '/cohort-imports/:name/keys/:id/rotate', id: 'rotateImportKey' },
    ...{ tag: TAG, role: 'admin' },
    summary: 'Make a key in the place of another, which goes on for some hours',
    params: keyPlace,
    body: z.object({
      hours: z
        .number()
        .min(0)
        .max(ROTATION_HOURS.most)
        .default(ROTATION_HOURS.usual)
        .describe('For which the old one still lets Mixpanel in'),
    }),
    answers: { 201: newKey.extend({ oldEndsAt: isoTime.describe('When the old one ends') }) },
    example: { params: { name: 'crm', id: '1' }, body: { hours: 24 }, status: 201 },
    async handler({ params, body, reply, actor }) {
      const { key: made, endsAt } = await keys.rotate(params.name, params.id, body.hours);
      const detail = `key ${params.id} ends ${iso(endsAt)}`;
      await audit(actor, 'cohort-key.rotate', named(params.name, made), detail);
      void reply.code(201);
      return { ...shown(made), oldEndsAt: iso(endsAt) };
    },
  });

  add({
    ...{ method: 'DELETE', path: '/cohort-imports/:name/keys/:id', id: 'endImportKey', tag: TAG },
    role: 'admin',
    summary: 'End a key: it lets nobody in from now on',
    params: keyPlace,
    answers: { 204: nothing },
    example: { params: { name: 'crm', id: '1' }, status: 204 },
    async handler({ params, reply, actor }) {
      const ended = await keys.end(params.name, params.id);
      await audit(actor, 'cohort-key.end', named(params.name, ended));
      return reply.code(204).send();
    },
  });
}
