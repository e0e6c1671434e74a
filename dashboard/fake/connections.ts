import type * as Api from '../src/api.ts';
import { type Answer, type Call, done, missing, ok, pageOf, text } from './answer.ts';
import { balanceOf, figures, runs, slices, typesOf } from './figures.ts';
import { jobs } from './jobs.ts';
import { connectionOf, type World } from './world.ts';

export function connections(
  world: World,
  { method, query, body, ifMatch }: Call,
  [name, what, id]: string[],
): Answer {
  if (name === undefined) {
    if (method === 'POST') return create(world, body);
    const search = (query.get('search') ?? '').toLowerCase();
    const all = world.connections
      .filter((each) => `${each.name} ${each.source.place}`.toLowerCase().includes(search))
      .map(({ spec: _s, pushUrl: _p, warnings: _w, ...row }) => row);
    return ok(pageOf(all, query));
  }
  const found = world.connections.find((each) => each.name === name);
  if (!found) return missing;
  const put = (changed: Partial<Api.ConnectionDetail>) => {
    world.connections = world.connections.map((each) =>
      each === found ? { ...each, ...changed } : each,
    );
  };
  if (what === undefined) {
    if (method === 'DELETE') {
      world.connections = world.connections.filter((each) => each !== found);
      return done;
    }
    if (method !== 'PUT') return ok(found);
    if (ifMatch !== `"${found.revision}"`)
      return { problem: { status: 412, code: 'conflict', detail: 'It was changed meanwhile' } };
    const changes = changesOf(found.spec, body);
    const warnings = changes.some(({ path }) => path.startsWith('settings.privacy.identity'))
      ? ['Events sent again get another distinct_id: Mixpanel will not drop them as repeats.']
      : [];
    if (query.get('dryRun') !== 'true') put({ spec: body, revision: found.revision + 1 });
    return ok({ connection: found, changes, warnings });
  }
  switch (what) {
    case 'pause':
      put({ paused: true, state: { kind: 'paused' } });
      return done;
    case 'resume':
      put({ paused: false, state: { kind: 'active' } });
      return done;
    case 'balance':
      return ok(balanceOf(found));
    case 'figures':
      return ok(figures(found, query.get('period') ?? 'day', world.now));
    case 'types':
      return ok({ items: typesOf(found) });
    case 'slices':
      return ok(pageOf(slices(found, query.get('state') ?? '', world.now), query));
    case 'runs':
      return ok(pageOf(runs(world.now), query));
    case 'jobs':
      return jobs(world, found, { method, body }, id);
    case 'test':
      return ok({
        results: world.events.slice(0, 8).map(({ type, event }, i) => ({
          type,
          event,
          outcome: i === 5 ? 'rejected' : 'sent',
          ...(i === 5 ? { detail: 'HTTP 400: properties.time is invalid' } : {}),
        })),
      });
    default:
      return missing;
  }
}

function create(world: World, spec: Api.JsonObject): Answer {
  const name = text(spec['name']);
  if (world.connections.some((each) => each.name === name))
    return {
      problem: { status: 409, code: 'exists', detail: `There is a Current named ${name} already` },
    };
  const made = { ...connectionOf(name, 4, Date.now()), spec: hidden(spec), revision: 1 };
  world.connections = [...world.connections, made];
  return { status: 201, body: { connection: made, warnings: [] } };
}

const SECRETS = new Set([
  'secret',
  'token',
  'secretAccessKey',
  'salt',
  'key',
  'apiKey',
  'partnerApiKey',
  'clientSecret',
]);

export function hidden(value: Api.JsonObject): Api.JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      SECRETS.has(key)
        ? '***'
        : typeof each === 'object' && each !== null && !Array.isArray(each)
          ? hidden(each as Api.JsonObject)
          : each,
    ]),
  );
}

export function changesOf(before: Api.JsonObject, after: Api.JsonObject): Api.Change[] {
  const leaves = (value: Api.Json, path: string): [string, Api.Json][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([key, each]) =>
          leaves(each, path === '' ? key : `${path}.${key}`),
        )
      : [[path, value]];
  const [was, is] = [new Map(leaves(before, '')), new Map(leaves(after, ''))];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => JSON.stringify(was.get(path)) !== JSON.stringify(is.get(path)))
    .map((path) => ({
      path,
      ...(was.has(path) ? { before: was.get(path)! } : {}),
      ...(is.has(path) ? { after: is.get(path)! } : {}),
    }));
}
