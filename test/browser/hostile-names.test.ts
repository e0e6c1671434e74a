import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../src/server/auth/secrets.ts';
import { specOf } from '../support/api-world.ts';
import { cohortCall } from '../support/cohort-call.ts';
import { clicks, currentsFile, CUSTOM_EVENT, customEvent, put } from '../support/currents-file.ts';
import { type DashboardWorld, openDashboardWorld } from '../support/dashboard-world.ts';
import { eventually, push, PUSH_TOKEN } from '../support/service.ts';

/** Can stand in a file name, too. */
const EVIL = '<img src=x onerror=window.pwned=1>';
const WORSE = `${EVIL}"'><script>window.pwned=1</script><svg onload=window.pwned=1>`;
const SHOWN = '<img src=x onerror';
const HOUR = 'date=2026-07-01-00';

let world: DashboardWorld;
let page: Page;
let faults: string[];

beforeAll(async () => {
  world = await openDashboardWorld(async (scene) => {
    const some = clicks('a', 3).map((each) => ({
      ...each,
      ...{ campaign_name: WORSE, external_user_id: WORSE, url: 'javascript:window.pwned=1' },
    }));
    const custom = [
      customEvent('c1', '[]', WORSE),
      customEvent('c2', JSON.stringify({ [WORSE]: WORSE }), WORSE),
    ];
    const click = `currents/event_type=users.messages.email.Click/${HOUR}`;
    await put(scene.root, `${click}/${EVIL}.avro`, currentsFile(some));
    await put(scene.root, `${click}/torn ${EVIL}.avro`, 'no avro at all');
    await put(
      scene.root,
      `currents/event_type=users.behaviors.CustomEvent/${HOUR}/${EVIL}.avro`,
      currentsFile(custom, { schema: CUSTOM_EVENT }),
    );
    return [
      specOf(scene, 'orders'),
      specOf(scene, 'app', { source: { kind: 'inbox', token: PUSH_TOKEN } }),
      specOf(scene, 'lost', { source: { kind: 'directory', path: join(scene.root, EVIL) } }),
    ];
  });
  const { served } = world;
  const known = {
    id: 'p1',
    time: Math.floor(Date.now() / 1000) - 60,
    user: { user_id: 'u', external_user_id: 'u' },
  };
  const events = [
    { event_type: WORSE, ...known, properties: { [WORSE]: WORSE } },
    {
      ...{ event_type: 'users.messages.email.Click', ...known, id: 'p2' },
      properties: { campaign_name: WORSE, [WORSE]: WORSE },
    },
  ];
  expect(await push(served.url, 'app', { events })).toBe(200);
  ({ page, faults } = await world.signedIn('admin'));
  const { access } = served.service;
  const token = { name: WORSE, role: 'viewer', createdBy: 'admin', expiresAt: null } as const;
  await access.tokens.add(digestOf('a-token-of-these-tests'), token, Date.now());
  // By its own session, as the form does.
  const saved = await page.evaluate(async (name) => {
    const session = (await (await fetch('/api/v1/session')).json()) as { csrf: string };
    const headers = { 'content-type': 'application/json', 'x-csrf-token': session.csrf };
    const post = (path: string, method: string, body: object) =>
      fetch(path, { method, headers, body: JSON.stringify(body) });
    const draft = await post('/api/v1/drafts/evil', 'PUT', { step: 'details', spec: { name } });
    const made = await post('/api/v1/tokens', 'POST', {
      ...{ name: name.slice(0, 100), role: 'viewer' },
    });
    const destination = { kind: 'file', path: '/nowhere' };
    const spec = { name: 'crm', destination, paused: true };
    const owner = await post('/api/v1/cohort-imports', 'POST', spec);
    const key = await post('/api/v1/cohort-imports/crm/keys', 'POST', { note: name });
    const off = await post('/api/v1/cohort-imports/crm/suppressions', 'POST', { users: [name] });
    return {
      statuses: [draft, made, owner, key, off].map(({ status }) => status),
      key: ((await key.json()) as { key: string }).key,
    };
  }, WORSE);
  expect(saved.statuses).toEqual([204, 201, 201, 201, 200]);
  const cohort = cohortCall('4242', [{ mixpanel_distinct_id: WORSE, [WORSE]: WORSE }], {
    ...{ mixpanel_cohort_name: WORSE, mixpanel_cohort_description: WORSE },
  });
  const received = await fetch(`${served.url}/cohorts/${saved.key}`, {
    method: 'POST',
    body: JSON.stringify(cohort),
  });
  expect(received.status).toBe(200);
  await eventually(
    async () => {
      const headers = { authorization: 'Bearer a-token-of-these-tests' };
      const answer = await fetch(`${served.url}/api/v1/unknown`, { headers });
      return (await answer.json()) as { types: unknown[]; fields: unknown[] };
    },
    ({ types, fields }) => types.length > 0 && fields.length > 0,
  );
  await served.state('lost', 'retrying');
});
afterAll(() => world[Symbol.asyncDispose]());

const button = (name: string | RegExp) => page.getByRole('button', { name }).first();

interface Look {
  readonly name: string;
  readonly path: string;
  readonly first?: () => Promise<void>;
}

const look = (name: string, path: string, first?: () => Promise<void>): Look => ({
  ...{ name, path },
  ...(first ? { first } : {}),
});

const PAGES: readonly Look[] = [
  look('a draft among the Currents', '/'),
  look('the lost folder of a Current', '/connections/lost'),
  look('its activity', '/connections/lost?tab=activity'),
  look('its settings', '/connections/lost?tab=settings', () => fieldShows()),
  look('the types of a Current', '/connections/app'),
  look('files', '/connections/orders?tab=slices'),
  look('the preview', '/connections/orders?tab=settings', () => button('Show real events').click()),
  look('the preview of pushes', '/connections/app?tab=settings', () =>
    button('Show real events').click(),
  ),
  look('dead letters', '/dead-letters', async () => {
    await page
      .getByRole('link', { name: /Look at them/ })
      .first()
      .click();
    await button(/^Open dead letter/).click();
    await page.getByRole('dialog').getByText(SHOWN).first().waitFor();
  }),
  look('what the library does not know, and its inclusion', '/events', async () => {
    await page.getByText(SHOWN).first().waitFor();
    await button(/^Include <img/).click();
    await page.getByRole('dialog').getByText('settings.uncatalogued').waitFor();
  }),
  look('cohorts', '/cohorts'),
  look('a cohort', '/cohorts/1', async () => {
    await button(/^What Mixpanel sent of/).click();
    await page.getByRole('region', { name: 'What Mixpanel sent' }).waitFor();
  }),
  look('the segment of a cohort', '/cohorts/1?tab=segment'),
  look('the keys of an import', '/cohort-imports/crm'),
  look('a suppressed user', '/cohort-imports/crm?tab=suppressions'),
  look('API tokens', '/settings?tab=tokens'),
  look('the audit log', '/settings?tab=audit'),
];

/** A field holds it as its value. */
async function fieldShows(): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(
        `[...document.querySelectorAll('input')].some(({ value }) => value.includes('${SHOWN}'))`,
      ),
    )
    .toBe(true);
}

test.each(PAGES)(
  '$name shows a name that holds a script, and runs nothing',
  async ({ path, first }) => {
    await page.goto(world.served.url + path);
    await page.locator('main h1, main h2').first().waitFor();
    await first?.();
    if (first !== fieldShows) await page.getByText(SHOWN).first().waitFor();
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(
      await page.locator('img, main script, svg[onload], a[href^="javascript:"]').count(),
    ).toBe(0);
    // What the policy had to stop would stand here.
    expect(faults).toEqual([]);
  },
);
