import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fake, startFake } from '../../dashboard/fake/server.ts';
import { launchChromium, NARROW, openPage } from '../support/chromium.ts';

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

test('on a small screen the navigation opens, leads on, and closes', async () => {
  const { page } = await openPage(browser, fake.url, { viewport: NARROW });
  await page.getByText('prod-email').first().waitFor();
  await page.getByRole('button', { name: 'Open the menu' }).click();
  await page.getByRole('link', { name: 'Event library' }).click();
  await page.getByText('93 event types').waitFor();
  await page.getByRole('button', { name: 'Open the menu' }).waitFor();
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
