import type * as Api from '../src/api.ts';
import { type Answer, type Call, done, ok, text } from './answer.ts';
import type { World } from './world.ts';

export function jobs(
  world: World,
  connection: Api.ConnectionDetail,
  { method, body }: Pick<Call, 'method' | 'body'>,
  id: string | undefined,
): Answer {
  if (method === 'DELETE') {
    world.jobs = world.jobs.map((job) =>
      job.id === Number(id)
        ? { ...job, state: 'cancelled', endedAt: new Date().toISOString() }
        : job,
    );
    return done;
  }
  if (method === 'GET')
    return ok({ items: connection.name === 'prod-email' ? world.jobs : [], next: null });
  if (body['kind'] === 'replay' && body['confirm'] !== true)
    return {
      problem: {
        status: 409,
        code: 'needs_confirmation',
        detail: '312 files were settled by other settings: their events may arrive twice.',
      },
    };
  const job: Api.Job = {
    id: world.jobs.length + 1,
    kind: body['kind'] === 'replay' ? 'replay' : 'backfill',
    since: text(body['since']),
    until: body['until'] === undefined ? null : text(body['until']),
    reached: null,
    state: 'waiting',
    detail: null,
    createdAt: new Date().toISOString(),
    endedAt: null,
  };
  world.jobs = [job, ...world.jobs];
  return { status: 201, body: job };
}
