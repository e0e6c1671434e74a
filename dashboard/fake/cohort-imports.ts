import type * as Api from '../src/api.ts';
import { type Answer, type Call, done, missing, ok, pageOf, text } from './answer.ts';
import { changesOf, hidden } from './connections.ts';
import { importOf } from './cohort-world.ts';
import type { World } from './world.ts';

/** Calls under `/cohort-imports`. */
export function cohortImports(world: World, call: Call, [name, what, ...more]: string[]): Answer {
  const { cohort } = world;
  const { method, body } = call;
  if (name === undefined)
    return method === 'POST'
      ? create(world, body)
      : ok({ items: cohort.imports.map(({ spec: _s, receiveUrl: _r, ...row }) => row) });
  if (name === 'check')
    return ok(
      JSON.stringify(body).includes('wrong')
        ? { ok: false, detail: 'HTTP 401: the key is wrong, or belongs to another instance.' }
        : { ok: true, detail: 'Braze knows the key, and it may write users.' },
    );
  const found = cohort.imports.find((each) => each.name === name);
  if (!found) return missing;
  const put = (changed: Partial<Api.CohortImportDetail>) => {
    cohort.imports = cohort.imports.map((each) =>
      each === found ? { ...each, ...changed } : each,
    );
  };
  switch (what) {
    case undefined: {
      if (method === 'GET') return ok(found);
      if (method === 'DELETE') {
        cohort.imports = cohort.imports.filter((each) => each !== found);
        cohort.cohorts = cohort.cohorts.filter((each) => each.import !== name);
        return done;
      }
      if (call.ifMatch !== `"${found.revision}"`)
        return { problem: { status: 412, code: 'conflict', detail: 'It was changed meanwhile' } };
      const changes = changesOf(found.spec, body);
      const warnings = changes.some(({ path }) => path.startsWith('identity'))
        ? ['All members are identified anew.']
        : [];
      if (call.query.get('dryRun') !== 'true')
        put({ spec: hidden(body), revision: found.revision + 1 });
      return ok({ import: found, changes, warnings });
    }
    case 'pause':
    case 'resume':
      put({ paused: what === 'pause', state: { kind: what === 'pause' ? 'paused' : 'active' } });
      return done;
    case 'keys':
      return keys(world, call, found, more);
    case 'suppressions':
      return suppressions(world, call, name);
    default:
      return missing;
  }
}

function create({ cohort }: World, spec: Api.JsonObject): Answer {
  const name = text(spec['name']);
  if (cohort.imports.some((each) => each.name === name))
    return {
      problem: { status: 409, code: 'exists', detail: `There is an import named ${name} already` },
    };
  const { paused, ...rest } = spec;
  const made = importOf(name, spec['destination'] as Api.JsonObject, {
    ...{ keys: 0, paused: paused === true, spec: hidden(rest), revision: 1 },
    state: { kind: paused === true ? 'paused' : 'idle' },
  });
  cohort.imports = [...cohort.imports, made];
  return { status: 201, body: { import: made, warnings: [] } };
}

function keys(
  { cohort }: World,
  { method, body }: Call,
  { name }: Api.CohortImportDetail,
  [id]: string[],
): Answer {
  const end = (endsAt: string) => {
    cohort.keys = cohort.keys.map((each) => (each.id === Number(id) ? { ...each, endsAt } : each));
  };
  if (method === 'GET') return ok({ items: cohort.keys.filter((each) => each.import === name) });
  if (method === 'DELETE') {
    end(new Date().toISOString());
    return done;
  }
  const old = cohort.keys.find((each) => each.id === Number(id));
  const made: Api.ImportKey = {
    id: cohort.keys.length + 1,
    import: name,
    note: old?.note ?? text(body['note'] ?? ''),
    hint: 'sluice_ck_Zk3v',
    createdAt: new Date().toISOString(),
    usedAt: null,
    endsAt: null,
  };
  const oldEndsAt = new Date(Date.now() + Number(body['hours'] ?? 0) * 3_600_000).toISOString();
  if (old) end(oldEndsAt);
  cohort.keys = [made, ...cohort.keys];
  cohort.imports = cohort.imports.map((each) =>
    each.name === name ? { ...each, keys: each.keys + 1 } : each,
  );
  const key = 'sluice_ck_Zk3vT0mPq8sLw2Xc7Rb5YdHn4';
  return { status: 201, body: { ...made, key, ...(old ? { oldEndsAt } : {}) } };
}

function suppressions({ cohort }: World, { method, query, body }: Call, name: string): Answer {
  const own = cohort.suppressed.filter((each) => each.import === name);
  if (method === 'GET')
    return ok(
      pageOf(
        own.map(({ row }) => row),
        query,
      ),
    );
  const given = (body['users'] ?? []) as unknown as (string | Api.BrazeUser)[];
  const users = given.map((each): Api.BrazeUser =>
    typeof each === 'string' ? { kind: 'external_id', id: each } : each,
  );
  const keyOf = (user: Api.BrazeUser) => JSON.stringify(user);
  const wanted = new Set(users.map(keyOf));
  const others = cohort.suppressed.filter(
    (each) => each.import !== name || !wanted.has(keyOf(each.row.user)),
  );
  if (method === 'DELETE') {
    const removed = cohort.suppressed.length - others.length;
    cohort.suppressed = others;
    return ok({ removed });
  }
  const added = wanted.size - (cohort.suppressed.length - others.length);
  cohort.suppressed = [
    ...others,
    ...users.map((user) => ({ import: name, row: { user, at: new Date().toISOString() } })),
  ];
  return ok({ added });
}

export const INSTANCES: readonly Api.BrazeInstance[] = [
  { name: 'US-01', url: 'https://rest.iad-01.braze.com' },
  { name: 'US-02', url: 'https://rest.iad-02.braze.com' },
  { name: 'EU-01', url: 'https://rest.fra-01.braze.eu' },
  { name: 'EU-02', url: 'https://rest.fra-02.braze.eu' },
  { name: 'JP-01', url: 'https://rest.jp-01.braze.com' },
];
