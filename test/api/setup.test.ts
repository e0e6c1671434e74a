import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiWorld, openApiWorld, SECRETS, specOf } from '../support/api-world.ts';
import { clicks, currentsFile, put } from '../support/currents-file.ts';
import { TOKEN } from '../support/scene.ts';
import { PUSH_TOKEN } from '../support/service.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

const folder = () => ({ kind: 'directory', path: world.scene.currents });
const mixpanel = (token: string) => ({
  ...(specOf(world.scene, 'x')['destination'] as object),
  credentials: { kind: 'project-token', token },
});
const post = async (path: string, body: unknown) => world.ask('POST', path, { body });

describe('checking access', () => {
  test('says what is well and exactly what is wrong, each for itself', async () => {
    const right = await post('/check', { source: folder(), destination: mixpanel(TOKEN) });
    expect(right.body.checks).toMatchObject([
      { what: 'source', ok: true },
      { what: 'mixpanel', ok: true },
    ]);
    const path = join(world.scene.root, 'not-there');
    const wrong = await post('/check', {
      source: { kind: 'directory', path },
      destination: mixpanel('a-wrong-token-of-this-test'),
    });
    expect(wrong.body.checks).toMatchObject([
      { ok: false, detail: expect.stringContaining(`no folder or file ${path}`) as string },
      { ok: false, detail: expect.stringContaining('401') as string },
    ]);
  });

  test('names the places of what is not complete', async () => {
    const { status, body } = await post('/check', {
      source: { kind: 's3' },
      destination: { kind: 'mixpanel', region: 'mars', credentials: { kind: 'project-token' } },
    });
    expect(status).toBe(422);
    expect(body.fields.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      'destination.credentials.token',
      'destination.region',
      'source.bucket',
    ]);
  });

  test('*** stands for the stored secret of the connection that is named', async () => {
    const given = { destination: mixpanel('***') };
    const kept = await post('/check', { name: 'orders', ...given });
    expect(kept.body.checks).toMatchObject([{ what: 'mixpanel', ok: true }]);
    expect((await post('/check', given)).status).toBe(422);
  });
});

describe('estimating', () => {
  test('tells files, bytes and events a day of each type, as an estimate', async () => {
    const { body } = await post('/estimate', { source: folder() });
    expect(body.types).toMatchObject([
      { type: 'users.messages.email.Click', filesPerDay: 0.5, eventsPerDay: 60 },
      { type: 'users.behaviors.CustomEvent', filesPerDay: 0.5 },
    ]);
    expect(body.totalPerDay).toBe(body.types[0].eventsPerDay + body.types[1].eventsPerDay);
    expect(body.sampled).toMatchObject({ files: 2 });
    expect(body.note).toContain('An estimate');
  });

  test('of a folder without names that tell, finds the types within', async () => {
    await put(world.scene.root, 'plain/a.avro', currentsFile(clicks('p', 480)));
    const path = join(world.scene.root, 'plain');
    const { body } = await post('/estimate', { source: { kind: 'directory', path } });
    expect(body.types).toMatchObject([
      { type: 'users.messages.email.Click', filesPerDay: 0.5, eventsPerDay: 240 },
    ]);
  });

  test('of old data takes the stretch that there is', async () => {
    const hours = ['2020-01-01-00', '2020-01-02-23'];
    for (const hour of hours)
      await put(
        world.scene.root,
        `ancient/event_type=users.messages.email.Click/date=${hour}/a.avro`,
        currentsFile(clicks(hour, 100)),
      );
    const path = join(world.scene.root, 'ancient');
    const { body } = await post('/estimate', { source: { kind: 'directory', path } });
    expect(body.sampled).toMatchObject({ from: '2020-01-01-00', until: '2020-01-03-00' });
    expect(body.types[0].eventsPerDay).toBeGreaterThanOrEqual(99);
    expect(body.types[0].eventsPerDay).toBeLessThanOrEqual(101);
  });

  test('passes over a file that can not be read', async () => {
    const type = 'event_type=users.messages.email.Click';
    const hour = new Date(Date.now() - 7_200_000).toISOString().slice(0, 13).replace('T', '-');
    await put(world.scene.root, `torn/${type}/date=${hour}/a.avro`, Buffer.from('no avro at all'));
    await put(world.scene.root, `torn/${type}/date=${hour}/b.avro`, currentsFile(clicks('t', 200)));
    const path = join(world.scene.root, 'torn');
    const { status, body } = await post('/estimate', { source: { kind: 'directory', path } });
    expect(status).toBe(200);
    expect(body.types[0].eventsPerDay).toBeGreaterThanOrEqual(100);
  });

  test('of nothing says so', async () => {
    const path = join(world.scene.root, 'empty');
    await mkdir(path);
    const { body } = await post('/estimate', { source: { kind: 'directory', path } });
    expect(body).toMatchObject({ types: [], totalPerDay: 0 });
    expect(body.note).toContain('no .avro files yet');
    const pushes = await post('/estimate', { source: { kind: 'inbox', token: PUSH_TOKEN } });
    expect(pushes.body.note).toContain('pushed nothing yet');
    const missing = { kind: 'directory', path: join(world.scene.root, 'not-there') };
    expect((await post('/estimate', { source: missing })).body).toMatchObject({
      ...{ status: 422, code: 'source' },
    });
  });

  test('of pushes goes by the books', async () => {
    const source = { kind: 'inbox', token: '***' };
    const { body } = await post('/estimate', { name: 'app', source });
    expect(body.totalPerDay).toBeGreaterThan(10);
  });
});

describe('previewing', () => {
  test('shows records as they came and what would become of each; sends nothing', async () => {
    const before = world.scene.sandbox.stats().ingested;
    const { body } = await post('/preview', { source: folder(), settings: {}, limit: 6 });
    expect(body.lines).toHaveLength(6);
    const [event] = body.lines.filter(
      ({ type, outcome }: Record<string, string>) =>
        type === 'users.messages.email.Click' && outcome === 'event',
    );
    expect(event).toMatchObject({
      before: { campaign_name: 'Spring', external_user_id: 'user-0' },
      after: { event: 'Email Click', properties: { campaign_name: 'Spring', token: '<token>' } },
    });
    expect(body.lines).toContainEqual(
      expect.objectContaining({
        ...{ outcome: 'dead-letter', cause: 'bad_properties' },
        before: expect.objectContaining({ properties: '[1]' }) as unknown,
      }),
    );
    expect(world.scene.sandbox.stats().ingested).toBe(before);
  });

  test('goes by the settings that are given', async () => {
    const settings = {
      events: ['users.messages.email.*'],
      privacy: { fields: { email_address: 'remove', campaign_name: 'hash' } },
    };
    const body = { source: folder(), settings, limit: 3 };
    const { body: shown } = await post('/preview', body);
    expect(shown.note).toContain('stand-in for the salt');
    expect(new Set(shown.lines.map(({ type }: { type: string }) => type))).toEqual(
      new Set(['users.messages.email.Click']),
    );
    const { properties } = shown.lines[0].after;
    expect(properties.email_address).toBe('[REDACTED]');
    expect(properties.campaign_name).toMatch(/^[0-9a-f]{64}$/);
    const salted = await post('/preview', { ...body, salt: 'one-of-this-test' });
    expect(salted.body.lines[0].after.properties.campaign_name).not.toBe(properties.campaign_name);
  });

  test('of pushes takes those that came', async () => {
    const source = { kind: 'inbox', token: '***' };
    const { body } = await post('/preview', { name: 'app', source, settings: {}, limit: 10 });
    expect(body.lines).toHaveLength(10);
    expect(new Set(body.lines.map(({ type }: { type: string }) => type)).size).toBeGreaterThan(1);
    for (const line of body.lines) expect(Object.keys(line.before)).not.toEqual([]);
    const other = await post('/preview', {
      source: { ...source, token: PUSH_TOKEN },
      settings: {},
    });
    expect(other.body).toEqual({ lines: [], note: 'Braze has pushed nothing yet.' });
  });
});

describe('drafts', () => {
  const draft = (spec: unknown) => ({ step: 'source', spec });
  const save = async (id: string, spec: unknown) =>
    world.ask('PUT', `/drafts/${id}`, { body: draft(spec) });

  test('lose nothing but show no secret, and become a connection with them', async () => {
    const half = {
      name: 'drafted',
      source: {
        kind: 's3',
        credentials: { kind: 'access-key', secretAccessKey: 'a-key-of-a-draft' },
      },
      destination: mixpanel(TOKEN),
    };
    expect((await save('d1', half)).status).toBe(204);
    const { body, text } = await world.ask('GET', '/drafts/d1');
    expect(body.spec).toMatchObject({
      name: 'drafted',
      source: { kind: 's3', credentials: { kind: 'access-key', secretAccessKey: '***' } },
      destination: { region: 'us', credentials: { token: '***' } },
    });
    expect(text).not.toContain('a-key-of-a-draft');
    expect((await world.ask('GET', '/drafts')).body.items).toContainEqual(
      expect.objectContaining({ id: 'd1', step: 'source', name: 'drafted' }),
    );
    const next = { ...body.spec, source: folder(), paused: true };
    expect((await save('d1', next)).status).toBe(204);
    const checked = await post('/check', { draft: 'd1', destination: body.spec.destination });
    expect(checked.body.checks).toMatchObject([{ ok: true }]);
    const made = await world.ask('POST', '/connections?draft=d1', { body: next });
    expect(made.status).toBe(201);
    const whole = await post('/check', { name: 'drafted' });
    expect(whole.body.checks).toMatchObject([{ ok: true }, { ok: true }]);
    expect((await world.ask('GET', '/drafts/d1')).body.code).toBe('not_found');
  });

  test('do not lend their secrets to another address', async () => {
    await save('d2', { destination: mixpanel(TOKEN) });
    const moved = { ...mixpanel('***'), url: 'https://evil.example.com' };
    expect((await save('d2', { destination: moved })).status).toBe(204);
    const { body } = await world.ask('GET', '/drafts/d2');
    expect(body.spec.destination).toMatchObject({ url: 'https://evil.example.com' });
    expect(body.spec.destination.credentials).toEqual({ kind: 'project-token' });
    await save('d3', { destination: mixpanel(TOKEN) });
    expect((await post('/check', { draft: 'd3', destination: moved })).status).toBe(422);
  });

  test('have an id that is safe in a path', async () => {
    expect((await world.ask('PUT', '/drafts/a%2Fb', { body: draft({}) })).status).toBe(422);
    expect((await world.ask('PUT', `/drafts/${'a'.repeat(65)}`, { body: draft({}) })).status).toBe(
      422,
    );
  });
});
