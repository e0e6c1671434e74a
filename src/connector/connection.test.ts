import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { SluiceError } from '../core/errors.ts';
import { mappingSettings } from '../mapping/settings.ts';
import { configJsonSchema, parseConfig } from './config.ts';
import { connectionSpec, destinationOf, hourOf, parseConnection } from './connection.ts';
import { keyFingerprint } from './fingerprint.ts';
import { fieldChanges } from './diff.ts';
import { redact } from './redact.ts';
import { serviceSettings } from './service-settings.ts';
import { SOURCES } from './sources.ts';

const MINIMAL = {
  name: 'shop',
  source: { kind: 'directory', path: '/data' },
  destination: {
    kind: 'mixpanel',
    region: 'eu',
    credentials: { kind: 'project-token', token: 'tok-secret' },
  },
};

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SluiceError) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a connection needs a name, a source and a destination; the rest has defaults', () => {
  const spec = parseConnection(MINIMAL);
  expect(spec).toMatchObject({ poll: 60, concurrency: 4, settings: { events: ['*'] } });
  expect(spec.paused).toBeUndefined();
  expect(destinationOf(spec)).toMatchObject({ region: 'eu', connections: 4, ip: 'ignore' });
  // What is stored is the checked form: it must pass again, unchanged.
  expect(parseConnection(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
});

test.each([
  [{ name: '../x' }, 'name: a name has letters'],
  [{ name: 'a/b' }, 'name: a name has'],
  [{ name: 'x'.repeat(65) }, 'name: '],
  [
    { source: { kind: 'ftp' } },
    `source.kind: kind must be one of ${Object.keys(SOURCES).join(', ')}`,
  ],
  [
    { source: { kind: 'directory', path: 'x', recursive: true } },
    'source: Unrecognized key: "recursive"',
  ],
  [{ destination: { kind: 'amplitude' } }, 'destination.kind: kind must be mixpanel'],
  [
    {
      destination: {
        ...MINIMAL.destination,
        credentials: { kind: 'service-account', username: 'a', secret: 'b', projectId: 123 },
      },
    },
    'destination.credentials.projectId: this is a text: put it in quotes',
  ],
  [{ settings: { privacy: { pii: 'hash' } } }, 'salt: the privacy settings hash values'],
  [{ settings: { events: ['users.messages.emial.*'] } }, 'did you mean users.messages.email.*'],
  [{ since: '2026-02-30' }, 'since: a date is written'],
  [{ since: '2026-07-31-24' }, 'since: a date is written'],
  [{ alerts: { lagMinutes: 'x' } }, 'alerts.lagMinutes: '],
  [{ alerts: { lagHours: 1 } }, 'alerts: Unrecognized key'],
  [{ contact: 'nobody' }, 'contact: '],
  [{ concurrency: 0 }, 'concurrency: '],
])('%j is refused with the place that is wrong', (change, words) => {
  const message = messageOf(() => parseConnection({ ...MINIMAL, ...change }));
  expect(message).toContain(words);
  expect(message).not.toContain('tok-secret');
});

test('thresholds of a connection have no defaults of their own', () => {
  expect(parseConnection({ ...MINIMAL, alerts: { lagMinutes: 5 } }).alerts).toEqual({
    lagMinutes: 5,
  });
  expect(parseConnection({ ...MINIMAL, alerts: 'off' }).alerts).toBe('off');
  expect(serviceSettings.parse({}).alerts).toMatchObject({ lagMinutes: 120 });
});

test('a date means its first hour', () => {
  expect(hourOf('2026-07-31')).toBe('2026-07-31-00');
  expect(hourOf('2024-02-29-23')).toBe('2024-02-29-23');
  for (const wrong of ['2025-02-29', '2026-7-1', '2026-07-31T10', '20260731', '', '2026-13-01'])
    expect(hourOf(wrong), wrong).toBeUndefined();
});

test.each(Object.entries(SOURCES))(
  'the source %s is called so, and its example is valid',
  (kind, source) => {
    expect(source.name).toBe(kind);
    const { source: spec } = parseConnection({ ...MINIMAL, source: { kind, ...source.example } });
    expect(spec.kind).toBe(kind);
  },
);

test('the fingerprint changes with what makes the deduplication key, and with nothing else', () => {
  const of = (settings: z.input<typeof mappingSettings>, salt?: string) =>
    keyFingerprint({ settings: mappingSettings.parse(settings), salt });
  const plain = of({});
  const same = [
    of({}, 'salt'),
    of({ shape: 'full', newFields: 'send', longStrings: 'keep', static: { team: 'crm' } }),
    of({ events: ['users.*'], uncatalogued: 'send', usersWithoutExternalId: 'anonymous' }),
    of({
      privacy: { fields: { email_address: 'remove' } },
      rename: { properties: { url: 'link' } },
    }),
    of({ privacy: { pii: 'hash' } }, 'a'),
    of({ privacy: { pii: 'hash' } }, 'b'),
  ];
  for (const each of same) expect(each).toBe(plain);
  const different = [
    of({ eventNames: 'channel' }),
    of({ joiner: ': ' }),
    of({ rename: { events: { 'Email Click': 'Click' } } }),
    of({ privacy: { fields: { name: 'hash' } } }, 'a'),
    of({ privacy: { identity: 'hash' } }, 'a'),
    of({ privacy: { identity: 'hash' } }, 'b'),
    of({ privacy: { fields: { external_user_id: 'hash' } } }, 'a'),
    of({ privacy: { fields: { user_id: 'hash' } } }, 'a'),
  ];
  expect(new Set([plain, ...different]).size).toBe(different.length + 1);
  expect(of({ rename: { events: { A: 'B', C: 'D' } } })).toBe(
    of({ rename: { events: { C: 'D', A: 'B' } } }),
  );
});

test('secrets are hidden wherever they stand, and the rest is as it was', () => {
  const spec = parseConnection({
    ...MINIMAL,
    destination: {
      ...MINIMAL.destination,
      credentials: { kind: 'service-account', username: 'me', secret: 's3cr3t', projectId: '1' },
      token: 'tok-secret',
    },
    salt: 'salty',
  });
  const hidden = redact(connectionSpec, spec);
  expect(hidden).toMatchObject({
    salt: '***',
    source: MINIMAL.source,
    destination: {
      token: '***',
      credentials: { kind: 'service-account', username: 'me', secret: '***', projectId: '1' },
    },
  });
  for (const secret of ['s3cr3t', 'tok-secret', 'salty'])
    expect(JSON.stringify(hidden)).not.toContain(secret);
  const service = serviceSettings.parse({
    smtp: { host: 'h', from: 'a@b', user: 'u', password: 'pa55' },
    alerts: { webhook: 'https://hooks.example.com/T0/key' },
  });
  expect(redact(serviceSettings, service)).toMatchObject({
    smtp: { host: 'h', password: '***' },
    alerts: { webhook: '***', lagMinutes: 120 },
  });
});

test('what a schema does not know is hidden: it may be a secret of another version', () => {
  const hidden = redact(connectionSpec, {
    ...parseConnection(MINIMAL),
    apiKey: 'x-secret',
    destination: { kind: 'other', key: 'y-secret' },
  });
  expect(JSON.stringify(hidden)).not.toMatch(/x-secret|y-secret/);
});

test('whatever a secret is, neither it nor its change shows', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
      const of = (salt: string) => parseConnection({ ...MINIMAL, salt: `<${salt}>` });
      const changes = fieldChanges(connectionSpec, of(a), of(b));
      expect(changes).toEqual(
        a === b ? [] : [{ place: 'salt', before: '"***"', after: '"***"', isSecret: true }],
      );
    }),
  );
});

test('a diff names each field that differs', () => {
  const before = parseConnection({ ...MINIMAL, settings: { static: { team: 'crm' } } });
  const after = parseConnection({
    ...MINIMAL,
    poll: 30,
    contact: 'a@example.com',
    settings: { events: ['users.*'] },
  });
  expect(fieldChanges(connectionSpec, before, after)).toEqual([
    { place: 'settings.events', before: '["*"]', after: '["users.*"]', isSecret: false },
    { place: 'settings.static.team', before: '"crm"', isSecret: false },
    { place: 'poll', before: '60', after: '30', isSecret: false },
    { place: 'contact', after: '"a@example.com"', isSecret: false },
  ]);
});

const GUIDE = new URL('../../docs/guides/connections.md', import.meta.url);

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("the guide's file is valid, and every setting of it is what it says", async () => {
  const folder = await tempFolder();
  const guide = await readFile(GUIDE, 'utf8');
  const [, yaml] = /```yaml\n(.*?)```/s.exec(guide)!;
  await writeFile(join(folder, 'mixpanel'), 's3cr3t\n');
  const env = { SMTP_PASSWORD: 'p', MIXPANEL_PROJECT_TOKEN: 'tok', SLUICE_SALT: 'salt' };
  const tree = parse(yaml!.replace('/run/secrets/mixpanel', 'mixpanel')) as unknown;
  const { service, connections } = parseConfig(tree, { env, folder });
  expect(service).toMatchObject({
    listen: { host: '0.0.0.0', port: 8377 },
    smtp: { password: 'p', port: 587 },
    alerts: { lagMinutes: 60, retryingMinutes: 15 },
  });
  expect(connections).toMatchObject([
    { name: 'shop', since: '2026-07-01', salt: 'salt', source: { path: '/var/lib/currents/shop' } },
    { name: 'staging', paused: true, alerts: 'off', source: { path: join(folder, 'staging') } },
  ]);
  expect(connections[0]!.destination.credentials).toMatchObject({ secret: 's3cr3t' });
  expect(connections[1]!.destination.credentials).toMatchObject({ token: 'no-token-yet' });
});

test('what a file leaves open is filled in; what is missing is named with its place', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'secret'), 'of a file\r\n');
  const env = { A: 'a', EMPTY: '', PORT: '9000', SECURE: 'true' };
  const salted = (salt: string) =>
    parseConfig({ connections: [{ ...MINIMAL, salt }] }, { env, folder }).connections[0]!.salt;
  expect(salted('x${A}y${A}')).toBe('xaya');
  expect(salted('${NONE:-d}-${EMPTY:-e}')).toBe('d-e');
  expect(salted('${file:secret}')).toBe('of a file');
  expect(salted('$${A} $A $${')).toBe('${A} $A ${');
  for (const [salt, words] of [
    ['${NONE}', 'shop: salt: the environment variable NONE is not set'],
    ['${EMPTY}', 'shop: salt: the environment variable EMPTY is empty'],
    ['${file:none}', `shop: salt: the file ${join(folder, 'none')} can't be read`],
    ['${a b}', 'shop: salt: ${a b} is neither'],
    ['${A', 'shop: salt: ${A is not closed'],
  ] as const)
    expect(messageOf(() => salted(salt))).toContain(words);
  const service = (input: unknown) => parseConfig({ service: input }, { env, folder }).service;
  expect(service({ listen: { port: '${PORT}' } }).listen.port).toBe(9000);
  expect(
    service({ smtp: { host: 'h', from: 'a@b', secure: '${SECURE}', port: '${PORT}' } }).smtp,
  ).toMatchObject({ secure: true, port: 9000 });
  expect(messageOf(() => service({ listen: { port: '9000' } }))).toContain('service.listen.port');
  expect(messageOf(() => service({ listen: { port: '${A}' } }))).toContain('service.listen.port');
});

test('mistakes in a file are told by the name of the connection', () => {
  const context = { env: {}, folder: '/' };
  expect(messageOf(() => parseConfig({ connections: [MINIMAL, MINIMAL] }, context))).toContain(
    'shop: name: another connection is called shop',
  );
  expect(messageOf(() => parseConfig({ connections: [{}] }, context))).toContain(
    'connections[0].name: ',
  );
  expect(messageOf(() => parseConfig({ conections: [] }, context))).toContain('conections');
  expect(messageOf(() => parseConfig([], context))).toContain('file: ');
  expect(parseConfig(null, context)).toMatchObject({ connections: [] });
});

test('every setting of the file is explained, and secrets are marked', () => {
  const silent: string[] = [];
  const secrets: string[] = [];
  const walk = (schema: z.core.JSONSchema.JSONSchema, place: string): void => {
    if (schema['secret'] === true) secrets.push(place);
    for (const each of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) walk(each, place);
    if (schema.type === 'array') walk(schema.items as z.core.JSONSchema.JSONSchema, place);
    for (const [name, each] of Object.entries(schema.properties ?? {})) {
      const below = `${place}.${name}`;
      const own = each as z.core.JSONSchema.JSONSchema;
      const words = own.description ?? own.anyOf?.length ?? own.oneOf?.length;
      // A section is explained by its settings, and a kind by those that go with it.
      if (words === undefined && own.properties === undefined && own.const === undefined)
        silent.push(below);
      walk(own, below);
    }
  };
  walk(configJsonSchema(), '');
  expect(silent).toEqual([]);
  expect(secrets).toEqual(
    expect.arrayContaining([
      '.service.oidc.clientSecret',
      '.service.smtp.password',
      '.service.alerts.webhook',
      '.connections.salt',
      '.connections.destination.token',
      '.connections.destination.credentials.secret',
      '.connections.destination.credentials.token',
    ]),
  );
});
