import type * as Api from '../src/api.ts';
import { type Answer, type Call, done, missing, ok, text } from './answer.ts';
import type { World } from './world.ts';

export function drafts(world: World, { method, body }: Call, id: string | undefined): Answer {
  if (id === undefined)
    return ok({
      items: [...world.drafts].map(([key, { spec, step, updatedAt }]) => ({
        id: key,
        name: spec['name'] ?? null,
        step,
        updatedAt,
      })),
      next: null,
    });
  if (method === 'PUT') {
    world.drafts.set(id, {
      step: text(body['step']),
      spec: body['spec'] as Api.JsonObject,
      updatedAt: new Date().toISOString(),
    });
    return done;
  }
  const found = world.drafts.get(id);
  if (!found) return missing;
  if (method === 'DELETE') {
    world.drafts.delete(id);
    return done;
  }
  return ok(found);
}

export function checksOf(body: Api.JsonObject): Api.CheckResult[] {
  const text = JSON.stringify(body);
  return [
    ...(body['source']
      ? [
          text.includes('wrong')
            ? {
                what: 'source' as const,
                ok: false,
                detail: 'The bucket wrong does not exist, or lies in another region.',
              }
            : {
                what: 'source' as const,
                ok: true,
                detail: 'The bucket holds 18,204 Avro files, 41.3 GB.',
              },
        ]
      : []),
    ...(body['destination']
      ? [
          text.includes('wrong')
            ? {
                what: 'mixpanel' as const,
                ok: false,
                detail:
                  'HTTP 401: Invalid credentials. Check the credentials, the project and the region; a service account needs the role Admin or Owner.',
              }
            : { what: 'mixpanel' as const, ok: true, detail: 'Mixpanel accepts the credentials.' },
        ]
      : []),
  ];
}

export function estimate(world: World): Api.Estimate {
  const types = world.events.map(({ type }, i) => {
    const eventsPerDay = Math.round(900_000 / (1 + ((i * 37) % 93)) ** 1.3);
    return { type, filesPerDay: 24, bytesPerDay: eventsPerDay * 190, eventsPerDay };
  });
  return {
    sampled: { from: '2026-11-17-00', until: '2026-11-24-00', files: 60, bytes: 12_400_000 },
    types,
    totalPerDay: types.reduce((sum, { eventsPerDay }) => sum + eventsPerDay, 0),
    note: 'An estimate.',
  };
}

export function preview(world: World): Api.Preview {
  const lines = world.events.slice(20, 32).map((event, i): Api.PreviewLine => {
    const { before, after } = event.sample!;
    if (i === 3)
      return { type: event.type, before, outcome: 'skip', reason: 'no_external_user_id' };
    if (i === 7)
      return {
        type: event.type,
        before,
        outcome: 'dead-letter',
        cause: 'refused_distinct_id',
        detail: 'Mixpanel refuses the distinct_id "null", because many unrelated users carry it',
      };
    return { type: event.type, before, outcome: 'event', after: after! };
  });
  return { lines };
}
