import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fake, startFake } from '../../dashboard/fake/server.ts';
import { launchChromium, NARROW, openPage, WIDE } from '../support/chromium.ts';

let browser: Browser;
let fake: Fake;

beforeAll(async () => {
  [browser, fake] = await Promise.all([launchChromium(), startFake()]);
});

afterAll(async () => {
  await browser.close();
  await fake.close();
});

test('what fails says why, and can be tried again', async () => {
  fake.failing.add('/dead-letters/groups');
  const { page } = await openPage(browser, `${fake.url}/dead-letters`);
  await page.getByRole('alert').getByText('The database is busy').waitFor();
  fake.failing.clear();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Mixpanel refused the event').waitFor();
});

test('the language and the colours are chosen once, and kept', async () => {
  const { page } = await openPage(browser, fake.url, { colorScheme: 'light' });
  await page.getByRole('button', { name: 'Dark colours' }).click();
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitem', { name: 'Português (Brasil)' }).click();
  await page.getByRole('link', { name: 'Configurações' }).waitFor();
  await page.reload();
  await page.getByRole('link', { name: 'Configurações' }).waitFor();
  expect(await page.evaluate('document.documentElement.lang')).toBe('pt-BR');
  expect(await page.evaluate('document.documentElement.dataset.mantineColorScheme')).toBe('dark');
});

test('everything can be reached by the keyboard alone', async () => {
  const { page } = await openPage(browser, fake.url);
  await page.getByText('prod-email').first().waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('page');
  const reached: unknown[] = [];
  for (let i = 0; i < 12 && !reached.includes('prod-email'); i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate('document.activeElement.textContent'));
  }
  expect(reached).toContain('prod-email');
  await page.keyboard.press('Enter');
  await page.getByText('The books balance').waitFor();
  // The reader goes on at the start of the new page.
  expect(await page.evaluate('document.activeElement.id')).toBe('page');
});

/** Where the Tab key leads from the start of the page, until it leaves it. */
async function stopsOf(page: Page): Promise<{ name: string; isShown: boolean }[]> {
  const stops: { name: string; isShown: boolean }[] = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate<{ name: string; isShown: boolean } | null>(`(() => {
      const at = document.activeElement;
      if (at === document.body) return null;
      const { left, right } = at.getBoundingClientRect();
      return {
        name: (at.getAttribute('aria-label') ?? at.textContent) || at.tagName,
        isShown: !at.closest('[aria-hidden="true"]') && right > 0 && left < innerWidth,
      };
    })()`);
    if (stop === null) break;
    stops.push(stop);
  }
  return stops;
}

test('the Tab key stops at nothing that can not be seen or used', async () => {
  for (const viewport of [WIDE, NARROW]) {
    const { page } = await openPage(browser, `${fake.url}/connections/prod-email`, { viewport });
    await page.getByText('In this time').waitFor();
    const stops = await stopsOf(page);
    expect(stops.length).toBeGreaterThan(10);
    expect(stops.filter(({ isShown }) => !isShown)).toEqual([]);
    await page.context().close();
  }
});

test('a dialog keeps the focus, and gives it back to what opened it', async () => {
  const { page } = await openPage(browser, `${fake.url}/connections/prod-email`, {
    // A menu that is gone at once leaves the focus nowhere before the dialog comes.
    reducedMotion: 'no-preference',
  });
  const focused = () =>
    page.evaluate<string>('document.activeElement.textContent || document.activeElement.type');
  const closed = async () => {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await page.getByRole('button', { name: 'Send Test Events' }).press('Enter');
  await page.getByRole('dialog').waitFor();
  await closed();
  await expect.poll(focused).toBe('Send Test Events');
  for (const item of ['Replay…', 'Delete…']) {
    await page.getByRole('button', { name: 'More', exact: true }).press('Enter');
    await page.getByRole('menuitem', { name: item }).press('Enter');
    await page.getByRole('dialog').waitFor();
    // It begins at its first field.
    await expect.poll(focused).toMatch(/^(date|text)$/);
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('!!document.activeElement.closest("[role=dialog]")')).toBe(true);
    }
    await closed();
    await expect.poll(focused).toBe('More');
  }
  await page.goto(`${fake.url}/settings?tab=tokens`);
  await page.getByRole('button', { name: 'Create token' }).press('Enter');
  await page.getByRole('dialog').getByLabel('Name').fill('ci');
  await page.keyboard.press('Enter');
  await page.getByText('Copy it now').waitFor();
  await page.getByRole('button', { name: 'I have copied it' }).press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await expect.poll(focused).toBe('Create token');
});

test('of many tabs, the chosen one is in sight', async () => {
  const { page } = await openPage(browser, `${fake.url}/settings?tab=password`, {
    viewport: NARROW,
  });
  const tab = page.getByRole('tab', { name: 'Password' });
  await tab.waitFor();
  const box = (await tab.boundingBox())!;
  expect(box.x + box.width).toBeLessThanOrEqual(NARROW.width);
});

test('on a small screen the navigation opens, leads on, and closes', async () => {
  const { page } = await openPage(browser, fake.url, { viewport: NARROW });
  await page.getByText('prod-email').first().waitFor();
  await page.getByRole('button', { name: 'Open the menu' }).click();
  await page.getByRole('link', { name: 'Event library' }).click();
  await page.getByText('93 event types').waitFor();
  await page.getByRole('button', { name: 'Open the menu' }).waitFor();
  await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('page');
});

test('what Braze sends anew is included with a look at the change', async () => {
  const { page } = await openPage(browser, `${fake.url}/events`);
  await page.getByRole('button', { name: 'Include users.messages.carrier-pigeon.Send' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('settings.uncatalogued').waitFor();
  await dialog.getByText('users.messages.carrier-pigeon.Send').waitFor();
  await dialog.getByRole('button', { name: 'Include' }).click();
  await page.getByText('is sent from now on').waitFor();
  const { spec } = fake.world.connections.find(({ name }) => name === 'prod-email')!;
  expect(spec).toMatchObject({
    settings: {
      uncatalogued: 'send',
      events: [
        'users.messages.email.*',
        'users.behaviors.Purchase',
        'users.messages.carrier-pigeon.Send',
      ],
    },
  });
});

test('a replay that Mixpanel would count twice asks first', async () => {
  const { page } = await openPage(browser, `${fake.url}/connections/prod-email`);
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Replay…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Since').fill('2026-11-01');
  await dialog.getByRole('button', { name: 'Start replay' }).click();
  await dialog.getByText('their events may arrive twice').waitFor();
  await dialog.getByRole('button', { name: 'Do it all the same' }).click();
  await page.getByText('The replay is ordered').waitFor();
  expect(fake.world.jobs[0]).toMatchObject({ kind: 'replay', since: '2026-11-01' });
});

test('a Current is deleted only by whoever types its name', async () => {
  const own = await startFake();
  try {
    const { page } = await openPage(browser, `${own.url}/connections/sandbox-copy`);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete' });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel('Type sandbox-copy to confirm').fill('sandbox-copy');
    await confirm.click();
    await page.getByText('sandbox-copy is deleted').waitFor();
    expect(own.world.connections.map(({ name }) => name)).not.toContain('sandbox-copy');
  } finally {
    await own.close();
  }
});
