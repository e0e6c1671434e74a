import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ApiWorld, openApiWorld, SECRETS } from '../support/api-world.ts';
import { applyCohorts, cohortCall, upTo, writeCohort } from '../support/cohort-call.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

let sessions = 0;
const call = async (...given: Parameters<typeof cohortCall>) => {
  const [cohort, members, more = {}, action] = given;
  const session = { mixpanel_session_id: `s${sessions++}`, ...more };
  const body = JSON.stringify(cohortCall(cohort, members, session, action));
  const url = `${world.served.url}/cohorts/${world.importKey}`;
  const response = await fetch(url, { method: 'POST', body });
  expect(response.status).toBe(200);
  await applyCohorts(world.served.service.state);
};
const idOf = async (cohort: string): Promise<number> =>
  (await world.served.service.state.cohorts.find(cohort)).id;
const get = (path: string) => world.ask('GET', path, { role: 'viewer' });

async function pages(path: string): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for (let next: string | null = ''; next !== null;) {
    const cursor = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
    const { body } = await get(`${path}${path.includes('?') ? '&' : '?'}limit=2${cursor}`);
    all.push(...body.items);
    next = body.next as string | null;
  }
  return all;
}

test('cohorts come in order of name, page by page, and are found by name or id', async () => {
  for (const [id, name] of [
    ['901', 'Zebra'],
    ['902', 'Alpha'],
    ['903', 'Alpha'],
  ] as const)
    await call(id, [1], { mixpanel_cohort_name: name });
  const names = (await pages('/cohorts?import=crm')).map(({ name }) => name);
  expect(names.map(String)).toEqual(names.map(String).toSorted());
  expect(names.filter((name) => name === 'Alpha')).toHaveLength(2);
  expect((await pages('/cohorts?search=zEb')).map(({ cohortId }) => cohortId)).toEqual(['901']);
  expect((await pages('/cohorts?search=90')).length).toBeGreaterThanOrEqual(3);
  expect(await pages('/cohorts?import=shop')).toEqual([]);
});

describe('one cohort', () => {
  let id: number;
  let cohort = 5000;
  beforeEach(async () => {
    cohort++;
    await call(String(cohort), [...upTo(6), { mixpanel_distinct_id: '$device:x' }, {}]);
    id = await idOf(String(cohort));
  });

  test('tells its figures, the state of its import and its last sync', async () => {
    const { body } = await get(`/cohorts/${id}`);
    expect(body).toMatchObject({
      ...{ id, import: 'crm', cohortId: String(cohort), members: 8, unmatched: 2 },
      ...{ pendingAdds: 6, inBraze: 0, held: null, clearing: false },
      state: { kind: 'paused' },
      lastSync: { action: 'members', state: 'done', pages: 1, pagesIn: [[1, 1]], members: 8 },
      warnings: [],
    });
    expect((await get('/cohorts/99999')).body).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('says how a Braze segment finds it, for each kind of destination', async () => {
    const state = world.served.service.state.cohortImports;
    const [stored] = (await state.list()).filter(({ name }) => name === 'crm');
    const file = stored!.spec as { destination: unknown };
    const filterWith = async (destination: object) => {
      await state.put('crm', { ...file, destination }, Date.now());
      return (await get(`/cohorts/${id}`)).body.filter as unknown;
    };
    const track = { kind: 'users-track', instance: 'EU-01', apiKey: 'k' };
    expect(await filterWith(track)).toMatchObject({
      ...{ kind: 'boolean', attribute: `mp_cohort_${cohort}`, comparison: 'is', value: true },
    });
    expect(await filterWith({ ...track, attribute: { kind: 'array' } })).toMatchObject({
      ...{ kind: 'array', attribute: 'mixpanel_cohorts', value: String(cohort) },
    });
    const partner = { partner: 'acme', partnerApiKey: 'p', clientSecret: 's' };
    expect(
      await filterWith({ kind: 'partner-cohorts', instance: 'EU-01', ...partner }),
    ).toMatchObject({ kind: 'cohort', attribute: null, value: `Cohort ${cohort}` });
    expect(await filterWith(file.destination as object)).toMatchObject({ kind: 'file' });
    await state.put('crm', { ...file, later: true }, Date.now());
    const invalid = (await get(`/cohorts/${id}`)).body;
    expect(invalid).toMatchObject({ filter: null, warnings: [expect.stringContaining('valid')] });
    expect((await get(`/cohorts/${id}/dry-run`)).body.dataPoints).toBeNull();
    await state.put('crm', file, Date.now());
  });

  test('warns when hardly anybody has an id', async () => {
    await call(String(cohort), [1, {}, { plan: 'x' }]);
    const { warnings } = (await get(`/cohorts/${id}`)).body as { warnings: string[] };
    expect(warnings).toEqual([expect.stringContaining('$braze_external_id')]);
  });

  test('lists members by state, each once, and why some are left out', async () => {
    const all = await pages(`/cohorts/${id}/users`);
    expect(all).toHaveLength(8);
    expect(new Set(all.map(({ member }) => member)).size).toBe(8);
    const adds = await pages(`/cohorts/${id}/users?state=pending_add`);
    expect(adds.map(({ member }) => member)).toEqual(['u1', 'u2', 'u3', 'u4', 'u5', 'u6']);
    expect(adds[0]).toEqual({
      member: 'u1',
      user: { kind: 'external_id', id: 'u1' },
      state: 'pending_add',
      reason: null,
      fields: { mixpanel_distinct_id: 'u1', email: 'u1@example.com' },
    });
    expect(await pages(`/cohorts/${id}/users?search=u3`)).toHaveLength(1);
    expect(await pages(`/cohorts/${id}/users?state=out`)).toEqual([]);
    const { items } = (await get(`/cohorts/${id}/reasons`)).body;
    expect(items).toHaveLength(2);
    expect(items).toContainEqual({ kind: 'unmatched', reason: 'device_id', n: 1 });
    expect((await get(`/cohorts/${id}/users?state=none`)).body).toMatchObject({ status: 422 });
  });

  test('shows a sync page by page', async () => {
    const part = (page: number) =>
      call(String(cohort), [page], {
        mixpanel_session_id: `view-${cohort}`,
        page_info: { total_pages: 5, page_count: page },
      });
    for (const page of [4, 1, 2]) await part(page);
    const [newest] = await pages(`/cohorts/${id}/syncs`);
    expect(newest).toMatchObject({
      ...{ state: 'receiving', pages: 5, members: 3, endedAt: null },
      pagesIn: [
        [1, 2],
        [4, 4],
      ],
    });
    expect((await get(`/cohorts/${id}`)).body.members).toBe(8);
  });

  test('shows its sizes since a time', async () => {
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const { items } = (await get(`/cohorts/${id}/sizes?since=${since}`)).body;
    expect(items.at(-1)).toMatchObject({ members: 8, inBraze: 0 });
    const later = new Date(Date.now() + 3_600_000).toISOString();
    expect((await get(`/cohorts/${id}/sizes?since=${later}`)).body.items).toEqual([]);
  });

  test('is dry-run: what would be written, of whom, and what waits', async () => {
    const dry = async () => (await get(`/cohorts/${id}/dry-run`)).body as Record<string, unknown>;
    const state = world.served.service.state;
    expect(await dry()).toMatchObject({
      ...{ adds: 6, removes: 0, writes: 6, dataPoints: 0 },
      guard: { verdict: 'none', why: null },
    });
    await writeCohort(state, id);
    expect(await dry()).toMatchObject({ writes: 0, sample: [] });
    await call(String(cohort), [1, 2, 3, 4, 5, 7]);
    const few = await dry();
    expect(few).toMatchObject({ adds: 1, removes: 1, guard: { verdict: 'free' } });
    expect(few['sample']).toMatchObject([
      { change: 'add', user: { id: 'u7' } },
      { change: 'remove', user: { id: 'u6' } },
    ]);
    await call(String(cohort), []);
    expect(await dry()).toMatchObject({ removes: 6, guard: { verdict: 'held', why: 'empties' } });
    const approved = await world.ask('POST', `/cohorts/${id}/approve`, { role: 'editor' });
    expect(approved.status).toBe(204);
    expect(await dry()).toMatchObject({ removes: 6, guard: { verdict: 'free' } });
    expect(await world.audited()).toContainEqual(
      expect.objectContaining({ action: 'cohort.approve', target: `crm: ${cohort}` }),
    );
  });

  test('is held by its share of removals, when they are not few', async () => {
    const all = upTo(40);
    await call(String(cohort), all);
    await writeCohort(world.served.service.state, id);
    await call(String(cohort), all.slice(0, 27));
    const held = await get(`/cohorts/${id}/dry-run`);
    expect(held.body.guard).toMatchObject({ verdict: 'held', why: 'share' });
    expect(held.body.guard.words).toContain('13 of 40');
    await call(String(cohort), all.slice(0, 27), { page_info: { total_pages: 2, page_count: 1 } });
    expect((await get(`/cohorts/${id}/dry-run`)).body.guard.verdict).toBe('unsettled');
  });

  test('tells when the destination has no room for it', async () => {
    const held = { since: Date.now(), removes: 0, inBraze: 0, why: 'full' } as const;
    await world.served.service.state.cohorts.hold(id, held);
    expect((await get(`/cohorts/${id}`)).body.held).toMatchObject({ why: 'full', removes: 0 });
    expect((await get(`/cohorts/${id}/dry-run`)).body.guard).toMatchObject({ why: 'full' });
  });

  test('is written whole again only once that is confirmed', async () => {
    await writeCohort(world.served.service.state, id);
    const resync = (body: object) =>
      world.ask('POST', `/cohorts/${id}/resync`, { role: 'editor', body });
    const unsure = await resync({});
    expect(unsure.body).toMatchObject({ status: 409, code: 'needs_confirmation' });
    expect(unsure.body.detail).toContain('6 writes');
    expect((await resync({ confirm: true })).body).toEqual({ writes: 6 });
    await applyCohorts(world.served.service.state);
    expect((await get(`/cohorts/${id}`)).body.pendingAdds).toBe(6);
  });

  test('is exported as CSV and as lines, whole and by state', async () => {
    await call(String(cohort), [{ mixpanel_distinct_id: 'q"1,', note: 'two\nlines' }, 2]);
    const csv = await get(`/cohorts/${id}/export`);
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(csv.headers.get('content-disposition')).toContain(`cohort-${id}.csv`);
    expect(csv.text).toBe(
      'member,state,reason,kind,id,label,fields\r\n' +
        '"q""1,",pending_add,,external_id,"q""1,",,"{""mixpanel_distinct_id"":""q\\""1,"",""note"":""two\\nlines""}"\r\n' +
        'u2,pending_add,,external_id,u2,,"{""mixpanel_distinct_id"":""u2"",""email"":""u2@example.com""}"\r\n',
    );
    const lines = await get(`/cohorts/${id}/export?format=ndjson&state=pending_add`);
    expect(
      lines.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ member: 'q"1,', state: 'pending_add' }, { member: 'u2' }]);
    expect(lines.text).not.toContain('cursor');
    expect((await get('/cohorts/99999/export')).body).toMatchObject({ status: 404 });
  });

  test('is forgotten, at once or cleared first', async () => {
    const remove = (query: string, role: 'editor' | 'admin' = 'admin') =>
      world.ask('DELETE', `/cohorts/${id}${query}`, { role });
    expect((await remove('', 'editor')).body).toMatchObject({ code: 'forbidden' });
    await writeCohort(world.served.service.state, id);
    expect((await remove('?clear=true')).status).toBe(204);
    expect((await get(`/cohorts/${id}`)).body.clearing).toBe(true);
    expect((await remove('')).status).toBe(204);
    expect((await get(`/cohorts/${id}`)).status).toBe(404);
    expect((await remove('')).status).toBe(404);
    const written = (await world.audited()).filter(({ action }) => action === 'cohort.delete');
    expect(written.slice(-2).map(({ detail }) => detail)).toEqual([
      'cleared first',
      'Braze as it is',
    ]);
  });
});
