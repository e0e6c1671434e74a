import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hashPassword } from '../../src/server/auth/password.ts';
import { csrfOf, digestOf, newSecret } from '../../src/server/auth/secrets.ts';
import { type Answered, type ApiWorld, openApiWorld, SECRETS } from '../support/api-world.ts';
import { openDoor } from '../support/door.ts';
import { CLIENT, type OidcProvider, startOidcProvider } from '../support/oidc-provider.ts';

/** Written anew by `SLUICE_WRITE_ANSWERS=1 vitest run test/api/openapi.test.ts`. */
const RECORDED = resolve(import.meta.dirname, '../../src/server/api/answers.json');

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: string;
}
interface Media {
  readonly schema?: unknown;
  readonly example?: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly description: string;
  readonly summary?: string;
  readonly security?: readonly object[];
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Media>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface Documented {
  readonly method: string;
  readonly url: string;
  readonly operation: Operation;
  readonly status: number;
  readonly media: string | undefined;
  readonly answer: Media | undefined;
}

let provider: OidcProvider;
let world: ApiWorld;
let document: Document;
let all: Documented[];

beforeAll(async () => {
  provider = await startOidcProvider();
  world = await openApiWorld({
    oidc: {
      ...{ issuer: provider.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret },
      ...{ defaultRole: 'viewer', allowHttp: true },
    },
  });
  document = (await world.ask('GET', '/openapi.json')).body as Document;
  all = Object.entries(document.paths)
    .flatMap(([url, operations]) =>
      Object.entries(operations).map(([method, operation]): Documented => {
        const [status] = Object.keys(operation.responses).filter((code) => /^[23]/.test(code));
        const [content] = Object.entries(operation.responses[status!]?.content ?? {});
        return {
          ...{ method: method.toUpperCase(), url, operation, status: Number(status) },
          ...{ media: content?.[0], answer: content?.[1] },
        };
      }),
    )
    .toSorted((a, b) => turnOf(a) - turnOf(b));
  // Who signs in in the examples, and by which link.
  const { users, links } = world.served.service.access;
  const passwordHash = await hashPassword(bodyOf('signIn')['password']!);
  await users.add({ name: personName(), role: 'admin', passwordHash }, Date.now());
  await links.add(digestOf(bodyOf('signInByLink')['token']!), personName(), Date.now() + 600_000);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await provider.close();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

/** What is looked at must be there first, and what is taken away goes last. */
function turnOf({ method, operation }: Documented): number {
  if (operation.operationId === 'saveDraft') return 0;
  if (operation.operationId === 'discardDeadLetters') return 3;
  return { GET: 1, POST: 2, PUT: 2, PATCH: 2, DELETE: 4 }[method] ?? 5;
}

/** Done, and go elsewhere. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 302]);

/** A schema with its references filled in, as zod reads it. */
function schemaOf(given: unknown): z.ZodType {
  const inlined = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inlined);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref, ...rest } = value as { $ref?: string };
    if ($ref !== undefined) {
      const name = $ref.replace('#/components/schemas/', '');
      const found = document.components.schemas[name];
      if (found === undefined) throw new Error(`${$ref} leads nowhere`);
      return inlined(found);
    }
    return Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, inlined(each)]));
  };
  return z.fromJSONSchema(inlined(given) as z.core.JSONSchema.JSONSchema);
}

/** A spec that is shown holds `***` for its secrets, which need not be valid ones. */
const SHOWS_A_SPEC = [
  ...['getConnection', 'createConnection', 'changeConnection'],
  ...['getCohortImport', 'createCohortImport', 'changeCohortImport'],
];

function withoutSpec(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each: unknown) => (key === 'spec' ? undefined : each)),
  );
}

function expectMatch({ operation, answer }: Documented, body: unknown): void {
  const isSpec = SHOWS_A_SPEC.includes(operation.operationId);
  const schema = isSpec ? withoutRequired(answer?.schema, 'spec') : answer?.schema;
  const result = schemaOf(schema).safeParse(isSpec ? withoutSpec(body) : body);
  expect(result.error, operation.operationId).toBeUndefined();
}

function withoutRequired(schema: unknown, name: string): unknown {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === 'required' && Array.isArray(value) ? value.filter((each) => each !== name) : value,
    ),
  );
}

function requestOf({ url, operation }: Documented): {
  path: string;
  headers: Record<string, string>;
  body: unknown;
} {
  const given = (operation.parameters ?? []).filter(({ example }) => example !== undefined);
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  let path = url.replace('/api/v1', '');
  for (const { name, in: place, example } of given) {
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(example!));
    if (place === 'query') query.set(name, example!);
    if (place === 'header') headers[name] = example!;
  }
  const [media] = Object.values(operation.requestBody?.content ?? {});
  return {
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    headers,
    body: media?.example,
  };
}

function bodyOf(id: string): Readonly<Record<string, string>> {
  const found = all.find(({ operation }) => operation.operationId === id)!;
  return requestOf(found).body as Record<string, string>;
}

function personName(): string {
  return bodyOf('signIn')['name']!;
}

/** Sends an example: by an API token; what is about access, as a person who has just signed in. */
async function send(each: Documented): Promise<Answered> {
  const { method, operation } = each;
  const { path, headers, body } = requestOf(each);
  if (operation.operationId === 'setUp') return sendSetUp(body as Record<string, string>);
  if (!operation.tags?.includes('Access')) return world.ask(method, path, { body, headers });
  const session = newSecret();
  const { sessions } = world.served.service.access;
  await sessions.begin(digestOf(session), personName(), 'password', Date.now());
  return world.ask(method, path, {
    ...{ role: null, body },
    headers: { ...headers, cookie: `sluice_session=${session}`, 'x-csrf-token': csrfOf(session) },
  });
}

/** To a service that has no admin yet. */
async function sendSetUp(body: Readonly<Record<string, string>>): Promise<Answered> {
  await using door = await openDoor({ isNew: true });
  await door.access.links.add(digestOf(body['token']!), null, Date.now() + 600_000);
  const { json, ...answer } = await door.browser().ask('POST', '/setup', { body });
  const lines = await door.access.audit.list({ limit: 10 });
  expect(lines.map(({ action }) => action)).toEqual(['sign in', 'set up']);
  return { ...answer, body: json };
}

/** The first event of a stream that never ends. */
async function firstEvent(path: string): Promise<{ status: number; text: string; type: string }> {
  const left = new AbortController();
  const response = await fetch(`${world.served.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${world.tokens.viewer}` },
    signal: left.signal,
  });
  const { value } = await response.body!.getReader().read();
  left.abort();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, text: new TextDecoder().decode(value), type };
}

/** Unsafe operations without a line in the audit log, and why. */
const UNAUDITED: Readonly<Record<string, string>> = {
  saveDraft: 'a draft is a form of one person that is not sent yet; it changes nothing',
  deleteDraft: 'likewise',
  checkAccess: 'has no side effects',
  estimateVolume: 'has no side effects',
  previewEvents: 'has no side effects',
  signOut: 'ends nothing but the own session, whose beginning is written down',
  setUp: 'asked of a service of its own, where its line is looked at',
  changeConnection: 'the example is a dry run; a real change has a test of its own',
  changeCohortImport: 'likewise',
  checkCohortImport: 'has no side effects',
};

test('every example of a request is answered as the document says', async () => {
  const recorded: Record<string, unknown> = {};
  const answered: string[] = [];
  for (const each of all) {
    const { operation, method, status, media } = each;
    const { path } = requestOf(each);
    const what = `${operation.operationId}: ${method} ${path}`;
    expect(path, what).not.toContain('{');
    answered.push(operation.operationId);
    if (media === 'text/event-stream') {
      const event = await firstEvent(path);
      expect(event.status, what).toBe(200);
      expect(event.type).toContain(media);
      expect(event.text).toMatch(/^event: status\ndata: \{"at"/);
      recorded[operation.operationId] = event.text;
      continue;
    }
    const before = (await world.audited()).length;
    const answer = await send(each);
    const lines = (await world.audited()).length - before;
    const isAudited = method !== 'GET' && UNAUDITED[operation.operationId] === undefined;
    expect(lines, `lines of ${what} in the audit log`).toBeGreaterThanOrEqual(isAudited ? 1 : 0);
    if (!isAudited) expect(lines, `lines of ${what} in the audit log`).toBe(0);
    expect(
      { status: answer.status, text: answer.status === status ? '' : answer.text },
      what,
    ).toEqual({ status, text: '' });
    if (WITHOUT_BODY.has(status)) {
      expect(answer.text).toBe('');
      if (status === 302) expect(answer.headers.get('location'), what).toMatch(/^http/);
      continue;
    }
    expect(answer.headers.get('content-type'), what).toContain(media!);
    if (media === 'application/json') expectMatch(each, answer.body);
    recorded[operation.operationId] = answer.body ?? answer.text;
  }
  const inDocument = Object.values(document.paths).flatMap((each) => Object.values(each));
  expect(answered.toSorted()).toEqual(inDocument.map(({ operationId }) => operationId).toSorted());
  if (process.env['SLUICE_WRITE_ANSWERS'] === '1') writeAnswers(recorded);
});

describe('the document', () => {
  test('shows an answer of every operation, and each fits its schema', () => {
    const missing = all.filter(
      ({ status, answer }) => !WITHOUT_BODY.has(status) && !answer?.example,
    );
    expect(missing.map(({ operation }) => operation.operationId)).toEqual([]);
    for (const each of all)
      if (each.media === 'application/json') expectMatch(each, each.answer!.example);
  });

  test('describes every operation and every parameter, and each has a request to show', () => {
    expect(document.openapi).toBe('3.1.0');
    for (const { operation, url } of all) {
      expect(operation.operationId, url).toMatch(/^[a-z]+([A-Z][a-z]+)+$|^[a-z]+$/);
      expect(operation.summary, url).toMatch(/^[A-Z]/);
      expect(operation.description, url).toMatch(/Role: \w+\.$|Needs no sign-in\.$/);
      expect(operation.tags, url).toHaveLength(1);
      for (const parameter of operation.parameters ?? [])
        if (parameter.required) expect(parameter.example, `${url} ${parameter.name}`).toBeDefined();
      for (const { schema, example } of Object.values(operation.requestBody?.content ?? {})) {
        expect(example, url).toBeDefined();
        expect(schemaOf(schema).safeParse(withoutHidden(example)).error, url).toBeUndefined();
      }
    }
    const ids = all.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('says what is needed to be let in', () => {
    const openOnes = all.filter(({ operation }) => operation.security?.length === 0);
    expect(openOnes.map(({ operation }) => operation.operationId).toSorted()).toEqual([
      'finishOidc',
      'getSession',
      'setUp',
      'signIn',
      'signInByLink',
      'startOidc',
    ]);
    const byPeople = all.filter(({ operation }) => operation.security?.length === 1);
    for (const { operation } of byPeople)
      expect(operation.description, operation.operationId).toContain('not by tokens');
    expect(byPeople).toHaveLength(6);
  });

  test('leads nowhere else and has no reference without an end', () => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, n]) => n!);
    expect(new Set(names)).toEqual(
      new Set(['CohortImport', 'Connection', 'Source', 'Destination', 'Settings', 'Problem']),
    );
    for (const name of names) expect(document.components.schemas).toHaveProperty(name);
    expect(text).not.toContain('x-schema');
    expect(text).not.toContain('Default Response');
  });
});

/** A token of a connection that is stored is left as it is. */
function withoutHidden(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value).replaceAll('"***"', '"0123456789abcdef0123456789abcdef"'),
  );
}

function writeAnswers(recorded: Readonly<Record<string, unknown>>): void {
  const short = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      const isHours = value.length === 24 && value.every((each) => typeof each === 'number');
      return (isHours ? value : value.slice(0, 2)).map(short);
    }
    if (typeof value === 'string') return value.split('\n', 5).slice(0, 4).join('\n');
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'schema' && key !== 'push_token')
        .slice(0, 30)
        .map(([key, each]) => [key, short(each)]),
    );
  };
  const withSchemas = (id: string, value: unknown): unknown =>
    ['listSources', 'listDestinations', 'listCohortDestinations'].includes(id)
      ? {
          ...(short(value) as object),
          items: (value as { items: Record<string, unknown>[] }).items
            .slice(0, 1)
            .map((each) => ({ ...each })),
        }
      : short(value);
  const text = JSON.stringify(
    Object.fromEntries(
      Object.entries(recorded)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, value]) => [id, withSchemas(id, value)]),
    ),
    null,
    2,
  )
    .replaceAll(world.scene.root, '/var/lib')
    .replaceAll(world.scene.sandbox.url, 'https://mixpanel.example.com')
    .replaceAll(world.served.url, 'https://sluice.example.com')
    // What opens something, though nothing that is there any more.
    .replaceAll(/"csrf": ".+?"/g, '"csrf": "value-of-x-csrf-token"')
    .replaceAll(/"key": "sluice_ck_.+?"/g, '"key": "sluice_ck_shown-this-once"')
    .replaceAll(/"token": "sluice_.+?"/g, '"token": "sluice_shown-this-once"')
    .replaceAll('"version": "0"', '"version": "1.0.0"');
  writeFileSync(RECORDED, `${text}\n`);
}
