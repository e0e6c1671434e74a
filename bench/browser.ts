/**
 * How long a person waits for the dashboard, in the Chromium of this machine: from opening an address with an empty cache
 * until there is something to work with, and how even frames come while long lists are scrolled.
 */
import { type Fake, startFake } from '../dashboard/fake/server.ts';
import { launchChromium, openPage } from '../test/support/chromium.ts';
import type { Browser } from 'playwright-core';

const ROUNDS = 7;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

/** Notes in a page when a text first stands there as a frame begins: asking from outside would come too late. */
const watch = (text: string): string => `(() => {
  const look = () => {
    if (document.body?.textContent.includes(${JSON.stringify(text)})) window.seenAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

/** Milliseconds from opening an address until a text stands in the page; a new profile each time. */
async function untilSeen(browser: Browser, url: string, text: string): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const { page } = await openPage(browser, 'about:blank');
    await page.addInitScript(watch(text));
    await page.goto(url, { waitUntil: 'commit' });
    await page.getByText(text).first().waitFor();
    all.push(await page.evaluate<number>('window.seenAt'));
    await page.context().close();
  }
  return all;
}

/** Gaps between frames while a list is scrolled for three seconds, in milliseconds. */
const SCROLL = `new Promise((resolve) => {
  const gaps = []; let last = performance.now(); const until = last + 3000;
  const frame = (now) => { gaps.push(now - last); last = now; window.scrollBy(0, 60);
    if (now < until) requestAnimationFrame(frame); else resolve(gaps); };
  requestAnimationFrame(frame);
})`;

async function scrolled(browser: Browser, url: string, text: string): Promise<number[]> {
  const { page } = await openPage(browser, url);
  await page.getByText(text).first().waitFor();
  await page.waitForTimeout(1000);
  const gaps = await page.evaluate<number[]>(SCROLL);
  await page.context().close();
  return gaps.slice(1);
}

const browser = await launchChromium();
let fake: Fake | undefined;
try {
  fake = await startFake({ connections: 500, deadLetters: 100_000 });
  print('| page | usable after, ms (median) | at worst |');
  print('| --- | ---: | ---: |');
  for (const [name, path, text] of [
    ['500 Currents', '/', 'prod-email'],
    ['one Current', '/connections/prod-email', 'The books balance'],
    ['100,000 dead letters', '/dead-letters', '100,000 records wait'],
    ['event library', '/events', 'Email Open'],
  ] as const) {
    const all = await untilSeen(browser, fake.url + path, text);
    print(`| ${name} | ${median(all).toFixed(0)} | ${Math.max(...all).toFixed(0)} |`);
  }
  print('');
  print('| scrolled for 3 s | frames a second | longest gap, ms |');
  print('| --- | ---: | ---: |');
  for (const [name, path, text] of [
    ['500 Currents', '/', 'prod-email'],
    ['100,000 dead letters', '/dead-letters?cause=rejected_by_mixpanel', '#1'],
  ] as const) {
    const gaps = await scrolled(browser, fake.url + path, text);
    const seconds = gaps.reduce((sum, gap) => sum + gap, 0) / 1000;
    print(`| ${name} | ${(gaps.length / seconds).toFixed(0)} | ${Math.max(...gaps).toFixed(0)} |`);
  }
} finally {
  await browser.close();
  await fake?.close();
}
