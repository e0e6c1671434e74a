import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliOptions, type RunningCli, startCli } from './support/cli.ts';

const SIZES = /Braze holds the cohort ".+": ([\d,]+) in Mixpanel, ([\d,]+) in Braze, (\d+) without/;
const numberOf = (text: string | undefined): number => Number(text?.replaceAll(',', ''));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-demos-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What it leaves behind for people goes with the folder. */
function demo(args: readonly string[], options: CliOptions = {}): RunningCli {
  return startCli(['demo', ...args], { env: { TMPDIR: folder }, ...options });
}

test('the demo ends once the books balance and Braze holds the cohort', async () => {
  const { code, stdout, stderr } = await demo(['--once', '--events', '4000']).result;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('✓ The books balance: 4,000 read');
  const [, inMixpanel, inBraze, without] = SIZES.exec(stdout)!;
  expect(numberOf(inBraze)).toBeGreaterThan(0);
  expect(numberOf(inBraze)).toBe(numberOf(inMixpanel) - numberOf(without));
}, 60_000);

test('as JSON it says that both are right', async () => {
  const { code, stdout } = await demo(['--once', '--events', '2000', '--json']).result;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    balanced: true,
    connections: { files: { read: 1800, balanced: true }, push: { read: 200, balanced: true } },
    cohort: { equal: true, why: null },
  });
}, 60_000);

test('without --once it goes on until Ctrl-C, the cohort with it', async () => {
  let output = '';
  const running = demo(['--events', '2000'], {
    onOutput: (text) => (output += text),
  });
  await expect
    .poll(() => output, { timeout: 60_000 })
    .toMatch(/cohort ".+": [1-9]\d* in Mixpanel.+in the last round/);
  running.kill('SIGINT');
  const { code, stdout } = await running.result;
  expect(code).toBe(0);
  expect(stdout).toMatch(SIZES);
}, 90_000);
