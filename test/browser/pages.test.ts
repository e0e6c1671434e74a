import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fake, startFake } from '../../dashboard/fake/server.ts';
import { axeFindings, launchChromium, NARROW, openPage, WIDE } from '../support/chromium.ts';

let browser: Browser;
let fake: Fake;
let signedOut: Fake;
let firstStart: Fake;
let empty: Fake;

beforeAll(async () => {
  [browser, fake, signedOut, firstStart, empty] = await Promise.all([
    launchChromium(),
    startFake(),
    startFake({ begin: 'signed-out' }),
    startFake({ begin: 'setup-needed' }),
    startFake({ connections: 0, deadLetters: 0 }),
  ]);
  const spec = {
    name: 'spring',
    source: { kind: 's3', bucket: 'acme', credentials: { kind: 'access-key' } },
    destination: { kind: 'mixpanel', region: 'eu', credentials: { kind: 'api-secret' } },
    settings: {
      events: ['users.messages.email.*'],
      privacy: { pii: 'hash', fields: { url: 'remove' } },
    },
  };
  for (const step of [
    'details',
    'credentials',
    'source',
    'events',
    'privacy',
    'preview',
    'backfill',
  ])
    fake.world.drafts.set(step, { step, spec, updatedAt: new Date().toISOString() });
});

afterAll(async () => {
  await browser.close();
  await Promise.all([fake, signedOut, firstStart, empty].map((each) => each.close()));
});

interface Look {
  readonly name: string;
  readonly at: () => string;
  /** Text that stands there once the page is whole. */
  readonly shows: string | RegExp;
  /** What is done before it is looked at. */
  readonly first?: (page: Page) => Promise<void>;
}

const open = (name: string) => async (page: Page) => {
  await page.getByRole('button', { name, exact: true }).click();
};

const LOOKS: readonly Look[] = [
  { name: 'sign-in', at: () => signedOut.url, shows: 'Sign in with your company account' },
  { name: 'first start', at: () => `${firstStart.url}/#token=once`, shows: 'Repeat the password' },
  { name: 'the empty page', at: () => empty.url, shows: 'Create your first Current' },
  { name: 'Currents', at: () => fake.url, shows: 'loyalty-brazil' },
  ...(
    [
      ['details', 'Integration name'],
      ['credentials', 'Mixpanel Export Token'],
      ['source', 'Secret access key'],
      ['events', 'Select All Message Engagement Events'],
      ['privacy', 'Salt'],
      ['preview', 'As Mixpanel gets it'],
      ['backfill', 'Before you launch'],
    ] as const
  ).map(([step, shows]) => ({
    name: `Create Current, ${step}`,
    at: () => `${fake.url}/new?draft=${step}`,
    shows,
  })),
  {
    name: 'measured events',
    at: () => `${fake.url}/new?draft=events`,
    shows: 'Select All Message Engagement Events',
    first: async (page) => {
      await page.getByRole('button', { name: 'Measure real volumes' }).click();
      await page.getByRole('button', { name: /^Email/ }).click();
      await page.getByText('events a month').waitFor();
    },
  },
  {
    name: 'a Current',
    at: () => `${fake.url}/connections/prod-email`,
    shows: 'In this time',
    first: (page) =>
      page.getByRole('status', { name: '' }).getByText('The books balance').waitFor(),
  },
  {
    name: 'a halted Current and its pushes',
    at: () => `${fake.url}/connections/app-push?tab=slices`,
    shows: 'push-99000',
  },
  {
    name: 'a Current whose books do not balance',
    at: () => `${fake.url}/connections/sandbox-copy?tab=activity`,
    shows: 'The books do not balance',
  },
  {
    name: 'settings of a Current',
    at: () => `${fake.url}/connections/prod-email?tab=settings`,
    shows: 'Where the Mixpanel project lives',
  },
  {
    name: 'test events',
    at: () => `${fake.url}/connections/prod-email`,
    shows: 'The books balance',
    first: async (page) => {
      await open('Send Test Events')(page);
      await page.getByRole('dialog').getByRole('button', { name: 'Send Test Events' }).click();
      await page.getByText('7 test events delivered').waitFor();
    },
  },
  {
    name: 'replay',
    at: () => `${fake.url}/connections/prod-email`,
    shows: 'The books balance',
    first: async (page) => {
      await open('More')(page);
      await page.getByRole('menuitem', { name: 'Replay…' }).click();
      await page.getByRole('dialog').getByLabel('Since').waitFor();
    },
  },
  {
    name: 'dead letters',
    at: () => `${fake.url}/dead-letters`,
    shows: 'Mixpanel refused the event',
  },
  {
    name: 'dead letters of a cause',
    at: () => `${fake.url}/dead-letters?cause=refused_distinct_id`,
    shows: 'What to do',
  },
  {
    name: 'a dead letter',
    at: () => `${fake.url}/dead-letters?cause=rejected_by_mixpanel`,
    shows: 'What to do',
    first: async (page) => {
      await page.getByRole('button', { name: 'Open dead letter 1', exact: true }).click();
      await page.getByText('The event, as it was sent').first().waitFor();
    },
  },
  {
    name: 'the empty page of cohorts',
    at: () => `${empty.url}/cohorts`,
    shows: 'Bring your first cohort into Braze',
  },
  {
    name: 'cohorts and their imports',
    at: () => `${fake.url}/cohorts`,
    shows: 'Receiving page 3 of 10',
  },
  {
    name: 'a cohort that is coming in',
    at: () => `${fake.url}/cohorts/1`,
    shows: '3 of 10 pages are in: 1–2, 4',
    first: async (page) => {
      await open('What Mixpanel sent of user-1000')(page);
      await page.getByRole('region', { name: 'What Mixpanel sent' }).waitFor();
    },
  },
  {
    name: 'removals that wait for a person',
    at: () => `${fake.url}/cohorts/2?tab=pending`,
    shows: '4,684 of 9,804 users would leave',
    first: (page) => page.getByText('Data points').waitFor(),
  },
  {
    name: 'the approval of removals',
    at: () => `${fake.url}/cohorts/5`,
    shows: 'the last sync was empty',
    first: open('Approve the removals'),
  },
  ...(
    [
      ['reasons', 'An id that Mixpanel made for a device'],
      ['syncs', 'Expired'],
      ['segment', 'mp_cohort_4242'],
    ] as const
  ).map(([tab, shows]) => ({
    name: `a cohort, ${tab}`,
    at: () => `${fake.url}/cohorts/1?tab=${tab}`,
    shows,
  })),
  {
    name: 'the segment of a cohort of a partner',
    at: () => `${fake.url}/cohorts/6?tab=segment`,
    shows: 'Braze makes the cohort, but no segment',
  },
  {
    name: 'what writing everybody costs',
    at: () => `${fake.url}/cohorts/1`,
    shows: 'Size over time',
    first: async (page) => {
      await open('More')(page);
      await page.getByRole('menuitem', { name: 'Write everybody again…' }).click();
      await page.getByText('about 9016 data points').waitFor();
      await page.locator('[role=menu]').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'deleting a cohort',
    at: () => `${fake.url}/cohorts/1`,
    shows: 'Size over time',
    first: async (page) => {
      await open('More')(page);
      await page.getByRole('menuitem', { name: 'Delete…' }).click();
      await page.getByText('Clear it in Braze first').waitFor();
      await page.locator('[role=menu]').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'creating an import',
    at: () => `${fake.url}/create-cohort-import`,
    shows: 'How cohorts reach Braze',
    first: async (page) => {
      await open('Create import')(page);
      await page.getByText('This is needed').first().waitFor();
      await page.getByRole('radio', { name: 'One list for all cohorts' }).click();
    },
  },
  {
    name: 'keys, and the steps in Mixpanel',
    at: () => `${fake.url}/cohort-imports/crm`,
    shows: 'sluice_ck_7Qd2',
    first: async (page) => {
      await open('Create key')(page);
      await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click();
      await open('I have copied it')(page);
      await page.getByText('User and password').click();
      await page.getByLabel('Password', { exact: true }).waitFor();
    },
  },
  {
    name: 'settings of an import',
    at: () => `${fake.url}/cohort-imports/loyalty?tab=settings`,
    shows: 'Values that Braze keeps in it',
  },
  {
    name: 'the suppression list',
    at: () => `${fake.url}/cohort-imports/crm?tab=suppressions`,
    shows: 'user-204',
  },
  { name: 'the event library', at: () => `${fake.url}/events`, shows: '93 event types' },
  {
    name: 'an event type',
    at: () => `${fake.url}/events/users.messages.email.Click`,
    shows: 'Made up',
  },
  ...(
    [
      ['service', 'Figures by the hour'],
      ['alerts', 'Minutes of retrying'],
      ['users', 'lee@example.com'],
      ['tokens', 'grafana'],
      ['audit', '12 delivered'],
      ['password', 'Current password'],
    ] as const
  ).map(([tab, shows]) => ({
    name: `Settings, ${tab}`,
    at: () => `${fake.url}/settings?tab=${tab}`,
    shows,
  })),
  {
    name: 'an address that leads nowhere',
    at: () => `${fake.url}/nowhere`,
    shows: 'There is nothing here',
  },
];

describe.each([
  ['wide and light', { viewport: WIDE, colorScheme: 'light' }],
  ['narrow and dark', { viewport: NARROW, colorScheme: 'dark' }],
  ['in Portuguese, narrow', { viewport: NARROW, colorScheme: 'light', locale: 'pt-BR' }],
] as const)('%s', (_mode, options) => {
  // What the pages say is looked for in English; in Portuguese they must hold together, too.
  const isEnglish = !('locale' in options);

  test.each(LOOKS.filter(({ first }) => isEnglish || !first))(
    '$name is sound for all who use it',
    async ({ at, shows, first }) => {
      const { page, faults } = await openPage(browser, at(), options);
      try {
        await (isEnglish
          ? page.getByText(shows).first().waitFor()
          : page.getByRole('heading', { level: 1 }).or(page.locator('main p')).first().waitFor());
        await first?.(page);
        // Nothing is on its way any more.
        for (const each of await page.locator('.mantine-Skeleton-root, .mantine-Loader-root').all())
          await each.waitFor({ state: 'detached' });
        // In the other language it is the same page.
        if (isEnglish) expect(await axeFindings(page)).toEqual([]);
        // Nothing sticks out to the side.
        expect(
          await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          ),
        ).toBe(0);
        expect(await page.evaluate('document.documentElement.lang')).toBe(
          isEnglish ? 'en' : 'pt-BR',
        );
        expect(faults).toEqual([]);
      } finally {
        await page.context().close();
      }
    },
  );
});
