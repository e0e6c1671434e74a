/**
 * A cohort of a million members, from the webhook to Braze: `node bench/cohorts.ts [members]`. A service in a process of
 * its own receives full views by HTTP and writes to a stand-in for Braze that keeps the documented rate limits.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BRAZE_DEMO_CREDENTIALS } from '../src/sandbox/braze-rest/options.ts';
import { startBrazeSandbox } from '../src/sandbox/braze-rest/server.ts';

const MEMBERS = Number(process.argv[2] ?? 1_000_000);
const PAGE = 1000;
const LEAVE = 0.1;
const ROOT = join(import.meta.dirname, '..');
const SLUICE = join(ROOT, 'dist/cli/main.js');
const HTTP_OK = 200;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const home = mkdtempSync(join(tmpdir(), 'sluice-cohorts-'));
const data = join(home, 'data');
const braze = await startBrazeSandbox({ existing: 'all' });
const [apiKey = ''] = Object.keys(BRAZE_DEMO_CREDENTIALS.apiKeys);
writeFileSync(
  join(home, 'sluice.yaml'),
  JSON.stringify({
    service: { listen: { port: 0 }, log: { level: 'warn' } },
    cohortImports: [
      {
        name: 'crm',
        spacing: 0,
        destination: { kind: 'users-track', instance: braze.url, apiKey },
      },
    ],
  }),
);

const sluice = (...args: string[]): string =>
  execFileSync(process.execPath, [SLUICE, ...args, '--data-dir', data], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NO_COLOR: '1' },
  });

async function start(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    process.execPath,
    [SLUICE, 'serve', '-f', join(home, 'sluice.yaml'), '--data-dir', data],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for (;;) {
    const [url] = /https?:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
    if (url !== undefined) return { child, url };
    if (child.exitCode !== null) throw new Error(`the service ended: ${said}`);
    await delay(50);
  }
}

const { child, url } = await start();
const key = /sluice_ck_[\w-]+/.exec(sluice('cohorts', 'keys', 'add', 'crm'))![0];
/** Of the service, in megabytes: now and at most. */
const memory = (name: 'VmRSS' | 'VmHWM'): number =>
  Math.round(
    Number(
      new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1],
    ) / 1000,
  );

/** Ids that lie as far apart as real ones. */
const idOf = (n: number): string =>
  `user-${((n * 2_654_435_761) % 4_294_967_296).toString(36)}-${n.toString(36)}`;

async function view(session: string, from: number): Promise<void> {
  const pages = Math.ceil(MEMBERS / PAGE);
  for (let page = 1; page <= pages; page++) {
    const members = Array.from({ length: PAGE }, (_, i) => {
      const id = idOf(from + (page - 1) * PAGE + i);
      return {
        ...{ mixpanel_distinct_id: id, $braze_external_id: id, email: `${id}@example.com` },
        ...{ first_name: 'Ada', last_name: 'Lovelace' },
      };
    });
    const { status } = await fetch(`${url}/cohorts/${key}`, {
      method: 'POST',
      body: JSON.stringify({
        action: 'members',
        parameters: {
          ...{
            mixpanel_project_id: '1',
            mixpanel_cohort_id: '7',
            mixpanel_cohort_name: 'Everybody',
          },
          ...{ mixpanel_cohort_description: '', mixpanel_session_id: session },
          page_info: { total_pages: pages, page_count: page },
          members,
        },
      }),
    });
    if (status !== HTTP_OK) throw new Error(`the webhook answered ${status}`);
  }
}

interface Shown {
  readonly members: number;
  readonly inBraze: number;
  readonly pendingAdds: number;
  readonly pendingRemoves: number;
}
const shown = (): Shown => JSON.parse(sluice('cohorts', 'list', '--json').split('\n')[0]!) as Shown;

async function round(name: string, session: string, from: number): Promise<void> {
  const before = braze.stats();
  const begun = performance.now();
  await view(session, from);
  const received = performance.now();
  let applied = 0;
  for (;;) {
    await delay(2000);
    const { inBraze, pendingAdds, pendingRemoves, members } = shown();
    const sync = JSON.parse(sluice('cohorts', 'show', '7', '--json')) as {
      syncs?: { state: string }[];
    };
    const isApplied = sync.syncs?.[0]?.state === 'done';
    if (isApplied && applied === 0) applied = performance.now();
    if (
      isApplied &&
      members === MEMBERS &&
      inBraze === MEMBERS &&
      pendingAdds + pendingRemoves === 0
    )
      break;
  }
  const ended = performance.now();
  const seconds = (from_: number, to: number): string => ((to - from_) / 1000).toFixed(1);
  const after = braze.stats();
  print(
    `| ${name} | ${seconds(begun, received)} | ${seconds(received, applied)} | ${seconds(begun, ended)} | ${after.attributeWrites - before.attributeWrites} | ${after.requests.total - before.requests.total} | ${memory('VmHWM')} |`,
  );
}

try {
  print(`${MEMBERS} members, ${PAGE} a page`);
  print(
    '| | received, s | then applied, s | written, s in all | writes | requests | peak RSS, MB |',
  );
  print('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  await round('first view', 'one', 0);
  await round('the same view again', 'two', 0);
  await round('a tenth left, a tenth came', 'three', MEMBERS * LEAVE);
  print(`requests by status: ${JSON.stringify(braze.stats().requests.byStatus)}`);
  print(
    `data folder: ${Math.round(statSync(join(data, 'sluice.db')).size / 1e6)} MB; RSS at rest ${memory('VmRSS')} MB`,
  );
} finally {
  child.kill('SIGTERM');
  await braze.close();
  rmSync(home, { recursive: true, force: true });
}
