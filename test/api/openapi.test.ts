import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ApiWorld, openApiWorld, SECRETS } from '../support/api-world.ts';

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
  /** Those of access have none. */
  readonly operationId: string;
  readonly summary?: string;
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

let world: ApiWorld;
let document: Document;
let all: Documented[];

beforeAll(async () => {
  world = await openApiWorld();
  document = (await world.ask('GET', '/openapi.json')).body as Document;
  all = Object.entries(document.paths)
    .flatMap(([url, operations]) =>
      Object.entries(operations)
        .filter(([, { operationId }]) => operationId !== undefined)
        .map(([method, operation]): Documented => {
          const [status] = Object.keys(operation.responses).filter((code) => code.startsWith('2'));
          const [content] = Object.entries(operation.responses[status!]?.content ?? {});
          return {
            ...{ method: method.toUpperCase(), url, operation, status: Number(status) },
            ...{ media: content?.[0], answer: content?.[1] },
          };
        }),
    )
    .toSorted((a, b) => turnOf(a) - turnOf(b));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

/** What is looked at must be there first, and what is taken away goes last. */
function turnOf({ method, operation }: Documented): number {
  if (operation.operationId === 'saveDraft') return 0;
  if (operation.operationId === 'discardDeadLetters') return 3;
  return { GET: 1, POST: 2, PUT: 2, DELETE: 4 }[method] ?? 5;
}

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

test('every example of a request is answered as the document says', async () => {
  const recorded: Record<string, unknown> = {};
  for (const each of all) {
    const { operation, method, status, media } = each;
    const { path, headers, body } = requestOf(each);
    const what = `${operation.operationId}: ${method} ${path}`;
    expect(path, what).not.toContain('{');
    if (media === 'text/event-stream') {
      const event = await firstEvent(path);
      expect(event.status, what).toBe(200);
      expect(event.type).toContain(media);
      expect(event.text).toMatch(/^event: status\ndata: \{"at"/);
      recorded[operation.operationId] = event.text;
      continue;
    }
    const answer = await world.ask(method, path, { body, headers });
    expect(
      { status: answer.status, text: answer.status === status ? '' : answer.text },
      what,
    ).toEqual({ status, text: '' });
    if (status === 204) {
      expect(answer.text).toBe('');
      continue;
    }
    expect(answer.headers.get('content-type'), what).toContain(media!);
    if (media === 'application/json') expectMatch(each, answer.body);
    recorded[operation.operationId] = answer.body ?? answer.text;
  }
  if (process.env['SLUICE_WRITE_ANSWERS'] === '1') writeAnswers(recorded);
});

describe('the document', () => {
  test('shows an answer of every operation, and each fits its schema', () => {
    const missing = all.filter(({ status, answer }) => status !== 204 && !answer?.example);
    expect(missing.map(({ operation }) => operation.operationId)).toEqual([]);
    for (const each of all)
      if (each.media === 'application/json') expectMatch(each, each.answer!.example);
  });

  test('describes every operation and every parameter, and each has a request to show', () => {
    expect(document.openapi).toBe('3.1.0');
    for (const { operation, url } of all) {
      expect(operation.summary, url).toMatch(/^[A-Z]/);
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

  test('leads nowhere else and has no reference without an end', () => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, n]) => n!);
    expect(new Set(names)).toEqual(
      new Set(['CohortImport', 'Connection', 'Source', 'Destination', 'Settings', 'Problem']),
    );
    for (const name of names) expect(document.components.schemas).toHaveProperty(name);
    expect(text).not.toContain('x-schema');
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
    id === 'listSources' || id === 'listDestinations'
      ? {
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
    .replaceAll(/sluice_ck_[\w-]{43}/g, 'sluice_ck_…')
    .replace('"version": "0"', '"version": "1.0.0"');
  writeFileSync(RECORDED, `${text}\n`);
}
