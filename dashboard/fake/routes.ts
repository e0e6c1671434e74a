import type * as Api from '../src/api.ts';
import { SETTINGS, SOURCES } from './sources.ts';
import { connectionOf, stateOf, type World } from './world.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Api.JsonObject;
  readonly ifMatch: string | undefined;
}

/** What the API answers: a body, or a problem. */
export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly type?: string }
  | { readonly problem: Partial<Api.Problem> & { readonly status: number; readonly code: string } };

const text = (value: Api.Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
const ok = (body: unknown): Answer => ({ status: 200, body });
const done: Answer = { status: 204 };
const missing: Answer = {
  problem: { status: 404, code: 'not_found', detail: 'There is nothing here' },
};

/** Answers one call as the service would, from the made-up world. */
export function answer(world: World, call: Call): Answer {
  const [head, ...rest] = call.path.split('/').slice(1).map(decodeURIComponent);
  switch (head) {
    case 'connections':
      return connections(world, call, rest);
    case 'dead-letters':
      return deadLetters(world, call, rest);
    case 'drafts':
      return drafts(world, call, rest[0]);
    case 'events': {
      const found =
        rest[0] === undefined ? undefined : world.events.find(({ type }) => type === rest[0]);
      if (rest[0] === undefined)
        return ok({ items: world.events.map(({ properties: _p, sample: _s, ...event }) => event) });
      return found ? ok(found) : missing;
    }
    case 'unknown':
      return ok({
        types: [
          {
            type: 'users.messages.carrier-pigeon.Send',
            connection: 'prod-email',
            read: 1204,
            included: false,
          },
        ],
        fields: [
          {
            type: 'users.messages.email.Click',
            field: 'link_alias',
            connection: 'prod-email',
            n: 8211,
            included: false,
          },
        ],
      });
    case 'sources':
      return ok({ items: SOURCES });
    case 'settings-schema':
      return ok(SETTINGS);
    case 'check':
      return ok({ checks: checksOf(call.body) });
    case 'estimate':
      return ok(estimate(world));
    case 'preview':
      return ok(preview(world));
    case 'users':
      return people(world, call, rest[0]);
    case 'tokens':
      return tokens(world, call, rest[0]);
    case 'audit':
      return ok({ items: world.audit, next: null });
    case 'alerts':
      return ok({
        items: world.connections
          .filter(({ state }) => state.kind === 'halted')
          .map(({ name, state }) => ({
            connection: name,
            kind: 'halted',
            detail: `${state.detail} ${state.hint}`,
            since: state.since,
            toldAt: state.since,
          })),
      });
    case 'service':
      return ok(service(world));
    default:
      return missing;
  }
}

function connections(
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

const SECRETS = new Set(['secret', 'token', 'secretAccessKey', 'salt', 'key']);

function hidden(value: Api.JsonObject): Api.JsonObject {
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

function changesOf(before: Api.JsonObject, after: Api.JsonObject): Api.Change[] {
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

function pageOf<T>(all: readonly T[], query: URLSearchParams): Api.Page<T> {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Number(query.get('limit') ?? 50);
  const to = from + limit;
  return { items: all.slice(from, to), next: to < all.length ? String(to) : null };
}

function balanceOf(connection: Api.ConnectionDetail): Api.Balance {
  const delivered = connection.last24h.delivered * 57;
  const skipped = Math.round(delivered * 0.031);
  const { deadLetters } = connection;
  const isBroken = connection.name === 'sandbox-copy';
  return {
    read: delivered + skipped + deadLetters + (isBroken ? 3 : 0),
    delivered,
    skipped: { no_external_user_id: skipped - 420, deselected: 420 },
    deadLetters,
    balanced: !isBroken,
    breaks: isBroken
      ? [
          {
            slice: 'event_type=users.messages.email.Open/date=2026-11-03-09/4.avro',
            problem: '4,000 records were read, but its counts add up to 3,997',
          },
        ]
      : [],
    unreadable:
      connection.problems > 0
        ? [
            {
              slice: 'event_type=users.messages.email.Click/date=2026-11-03-09/1.avro',
              problem:
                'the file breaks off (byte 5323). It is still being written, or was copied in part.',
            },
          ]
        : [],
  };
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  hour: [60, 60_000],
  day: [24, 3_600_000],
  week: [168, 3_600_000],
  month: [30, 86_400_000],
};

function figures(connection: Api.ConnectionDetail, period: string, now: number): Api.Figures {
  const [n, step] = STEPS[period] ?? STEPS['day']!;
  const start = Math.floor(now / step) * step - (n - 1) * step;
  const points = Array.from({ length: n }, (_, i) => {
    const at = start + i * step;
    const hour = connection.last24h.byHour[new Date(at).getUTCHours()]!;
    const delivered = Math.round(
      ((hour * step) / 3_600_000) * (1 + 0.2 * Math.sin(i * 1.7)) * (step > 3_600_000 ? 0.7 : 1),
    );
    const deadLetters = i % 9 === 4 ? Math.round(delivered * 0.004) : 0;
    const skipped = Math.round(delivered * 0.05);
    return {
      at: new Date(at).toISOString(),
      read: delivered + skipped + deadLetters,
      delivered,
      skipped,
      deadLetters,
      lagSeconds: Math.max(0, Math.round(90 + 80 * Math.sin(i * 0.9))),
    };
  });
  return { step: step === 86_400_000 ? 'day' : step === 60_000 ? 'minute' : 'hour', points };
}

function typesOf(connection: Api.ConnectionDetail): Api.TypeFigures[] {
  const share = [0.46, 0.31, 0.12, 0.06, 0.04, 0.01];
  return TYPES.map(([type, event], i) => {
    const delivered = Math.round(connection.last24h.delivered * 57 * share[i]!);
    const skipped = Math.round(delivered * 0.031);
    const deadLetters = i === 2 ? connection.deadLetters : 0;
    return {
      type,
      event,
      read: delivered + skipped + deadLetters,
      delivered,
      skipped: { no_external_user_id: skipped },
      deadLetters,
      newFields: i === 2 ? { link_alias: 8211 } : {},
    };
  });
}

const TYPES = [
  ['users.messages.email.Send', 'Email Send'],
  ['users.messages.email.Open', 'Email Open'],
  ['users.messages.email.Click', 'Email Click'],
  ['users.behaviors.Purchase', 'Purchase'],
  ['users.messages.pushnotification.Send', 'Push Notification Send'],
  ['users.messages.carrier-pigeon.Send', null],
] as const;

function slices(connection: Api.ConnectionDetail, state: string, now: number): Api.SliceRow[] {
  return Array.from({ length: 5000 }, (_, i): Api.SliceRow => {
    const hour = new Date(now - i * 400_000).toISOString().slice(0, 13).replace('T', '-');
    const is = i < 2 ? 'open' : i % 611 === 9 ? 'problem' : 'done';
    return {
      slice:
        connection.source.kind === 'inbox'
          ? `push-${String(99_000 - i)}`
          : `event_type=${TYPES[i % 4]![0]}/date=${hour}/${i % 7}.avro`,
      hour,
      state: is,
      ...(is === 'problem' ? { problem: 'the file breaks off at byte 5323' } : {}),
      records: 400 + ((i * 7919) % 3600),
      bytes: 40_000 + ((i * 104_729) % 900_000),
      updatedAt: new Date(now - i * 400_000).toISOString(),
    };
  }).filter((each) => state === '' || each.state === state);
}

function runs(now: number): Api.Run[] {
  return Array.from({ length: 240 }, (_, i) => {
    const at = now - i * 3_600_000;
    const delivered = 3000 + ((i * 7919) % 9000);
    const isHalted = i === 3;
    return {
      id: 240 - i,
      startedAt: new Date(at).toISOString(),
      endedAt: i === 0 ? null : new Date(at + 4200).toISOString(),
      state: i === 0 ? 'running' : isHalted ? 'halted' : 'finished',
      detail: isHalted ? 'HTTP 401: Invalid credentials.' : null,
      read: delivered + 93,
      delivered,
      skipped: 93,
      deadLetters: 0,
      requests: 6,
      bytesSent: delivered * 210,
    };
  });
}

function jobs(
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

function deadLetters(world: World, { method, query, body }: Call, [what]: string[]): Answer {
  const wanted = (letter: Api.DeadLetter) =>
    ['connection', 'cause', 'eventType'].every((key) => {
      const value = query.get(key);
      return value === null || letter[key as 'cause'] === value;
    });
  if (what === 'groups') return ok({ items: groupsOf(world.letters.filter(wanted)) });
  if (what === 'retry') return ok(retry(world, body));
  if (what === 'export')
    return {
      status: 200,
      type: 'application/x-ndjson',
      body: world.letters
        .filter(wanted)
        .map((each) => `${JSON.stringify(each)}\n`)
        .join(''),
    };
  if (what !== undefined) {
    const found = world.letters.find(({ id }) => id === Number(what));
    return found ? ok(found) : missing;
  }
  return method === 'GET' ? ok(pageOf(world.letters.filter(wanted), query)) : missing;
}

function groupsOf(letters: readonly Api.DeadLetter[]): Api.DeadLetterGroup[] {
  const groups = new Map<string, Api.DeadLetterGroup>();
  for (const { connection, cause, eventType, advice, at } of letters) {
    const key = `${connection} ${cause} ${eventType}`;
    const old = groups.get(key);
    groups.set(key, {
      connection,
      cause,
      eventType,
      advice,
      n: (old?.n ?? 0) + 1,
      newestAt: old && old.newestAt > at ? old.newestAt : at,
    });
  }
  return [...groups.values()];
}

/** Letters with an odd id are refused again, so that both outcomes can be seen. */
function retry(world: World, body: Api.JsonObject): Api.RetryResult {
  const { ids, filter } = body as { ids?: number[]; filter?: Record<string, string> };
  const isMeant = (letter: Api.DeadLetter) =>
    ids
      ? ids.includes(letter.id)
      : Object.entries(filter ?? {}).every(([key, value]) => letter[key as 'cause'] === value);
  const meant = world.letters.filter(isMeant);
  const refused = ids ? [] : meant.filter(({ id }) => id % 2 === 1);
  world.letters = world.letters.filter((each) => !isMeant(each) || refused.includes(each));
  return { delivered: meant.length - refused.length, skipped: 0, refused: refused.length };
}

function drafts(world: World, { method, body }: Call, id: string | undefined): Answer {
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

function checksOf(body: Api.JsonObject): Api.CheckResult[] {
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

function estimate(world: World): Api.Estimate {
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

function preview(world: World): Api.Preview {
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

function people(world: World, { method, body }: Call, name: string | undefined): Answer {
  if (method === 'POST') {
    const made: Api.User = {
      name: text(body['name']),
      role: body['role'] as Api.Role,
      createdAt: new Date().toISOString(),
      lastSeenAt: null,
      disabled: false,
      signIn: 'password',
    };
    world.users = [...world.users, made];
    return { status: 201, body: made };
  }
  if (method === 'PATCH') {
    world.users = world.users.map((each) => (each.name === name ? { ...each, ...body } : each));
    return ok(world.users.find((each) => each.name === name));
  }
  if (method === 'DELETE') {
    world.users = world.users.filter((each) => each.name !== name);
    return done;
  }
  return ok({ items: world.users, next: null });
}

function tokens(world: World, { method, body }: Call, id: string | undefined): Answer {
  if (method === 'POST') {
    const made: Api.ApiToken = {
      id: world.tokens.length + 1,
      name: text(body['name']),
      role: body['role'] as Api.Role,
      createdAt: new Date().toISOString(),
      createdBy: 'admin',
      lastUsedAt: null,
      expiresAt: body['expiresAt'] === undefined ? null : text(body['expiresAt']),
    };
    world.tokens = [...world.tokens, made];
    return { status: 201, body: { ...made, token: 'slc_8sLw2Xc7Rb5YdZk3vT0mPq' } };
  }
  if (method === 'DELETE') {
    world.tokens = world.tokens.filter((each) => each.id !== Number(id));
    return done;
  }
  return ok({ items: world.tokens, next: null });
}

function service(world: World): Api.ServiceInfo {
  return {
    version: '0.1.0',
    startedAt: new Date(world.now - 9 * 86_400_000).toISOString(),
    node: 'v24.21.0',
    uptimeSeconds: 9 * 86_400 + 4_000,
    dataDir: '/var/lib/sluice',
    databaseBytes: 41_300_000,
    inbox: [{ connection: 'app-push', pushes: 14, bytes: 1_900_000 }],
    retention: {
      runDays: 90,
      runs: 1000,
      jobDays: 90,
      hourlyDays: 35,
      dailyDays: 400,
      countsDays: 7,
    },
    alerts: {
      contact: 'data@example.com',
      retryingMinutes: 15,
      deadLettersPerHour: 100,
      lagMinutes: 120,
      silentHours: 24,
      expiryDays: 90,
    },
    listen: { host: '127.0.0.1', port: 8377 },
    publicUrl: null,
    trouble: null,
  };
}

/** What the service says of its connections, each second. */
export function live(world: World, second: number): Api.LiveStatus {
  return {
    at: new Date().toISOString(),
    connections: world.connections.map((connection, i) => ({
      name: connection.name,
      state: connection.paused ? { kind: 'paused' } : (connection.state ?? stateOf(i, world.now)),
      lagSeconds: connection.lagSeconds ?? 0,
      read: second * 100,
      delivered: second * 97,
      skipped: second * 3,
      deadLetters: 0,
      perSecond: ['paused', 'halted'].includes(connection.state.kind)
        ? 0
        : Math.round(140 + 60 * Math.sin(second / 5 + i) + ((second * 7919) % 40)),
    })),
  };
}
