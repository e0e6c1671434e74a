import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fake, startFake } from '../../dashboard/fake/server.ts';
import { launchChromium, openPage } from '../support/chromium.ts';

let browser: Browser;
let fake: Fake;

beforeAll(async () => {
  [browser, fake] = await Promise.all([
    launchChromium(),
    startFake({ connections: 500, deadLetters: 100_000 }),
  ]);
});

afterAll(async () => {
  await browser.close();
  await fake.close();
});

/** A screen holds about a dozen rows; some more lie ready above and below it. */
const MOST_ROWS = 60;

const rowsOf = (page: Page) => page.locator('[role=row][aria-rowindex]');

/** Scrolls on until a text stands there. */
async function scrollTo(page: Page, text: string): Promise<void> {
  for (let i = 0; i < 400 && (await page.getByText(text, { exact: true }).count()) === 0; i++) {
    await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
    await page.waitForTimeout(50);
  }
  await page.getByText(text, { exact: true }).scrollIntoViewIfNeeded();
}

test('of 500 connections only those in sight are in the page, and all can be reached', async () => {
  const { page, faults } = await openPage(browser, fake.url);
  await page.getByText('prod-email').first().waitFor();
  expect(await rowsOf(page).count()).toBeLessThan(MOST_ROWS);
  await scrollTo(page, 'market-500');
  expect(await rowsOf(page).count()).toBeLessThan(MOST_ROWS);
  await page.getByText('500 Currents', { exact: true }).waitFor();
  await page.getByLabel('Search by name').fill('market-417');
  await page.getByText('1 Current', { exact: true }).waitFor();
  expect(faults).toEqual([]);
});

test('of 100,000 dead letters only those in sight are in the page', async () => {
  const { page, faults } = await openPage(browser, `${fake.url}/dead-letters`);
  await page.getByText('100,000 records wait').waitFor();
  await page.getByRole('link', { name: /Look at them/ }).click();
  await page.getByText('#1', { exact: true }).waitFor();
  await scrollTo(page, '#1000');
  expect(await rowsOf(page).count()).toBeLessThan(MOST_ROWS);
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('100001');
  expect(faults).toEqual([]);
});
