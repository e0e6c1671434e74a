import { UsageError } from '../core/errors.ts';
import { DEMO_CREDENTIALS, type SandboxCredentials } from '../sandbox/mixpanel/auth.ts';
import { EXAMPLE_COHORT } from '../sandbox/mixpanel/cohorts.ts';
import { faultScriptSchema } from '../sandbox/mixpanel/faults.ts';
import { type MixpanelSandbox, startMixpanelSandbox } from '../sandbox/mixpanel/server.ts';
import type { SandboxStats } from '../sandbox/mixpanel/stats.ts';
import type { Switches } from '../sandbox/mixpanel/switches.ts';
import {
  everySecond,
  type Output,
  readScript,
  type SandboxCommand,
  started,
} from './sandbox-parts.ts';

export interface MixpanelSandboxCommand extends SandboxCommand {
  readonly projectId?: string;
  /** Credentials that are given take the place of the demo's and are not printed. */
  readonly token?: string;
  readonly apiSecret?: string;
  readonly serviceAccount?: { readonly username: string; readonly secret: string };
  readonly switches?: Partial<Switches>;
  readonly rateLimit?: 'off';
  /** Where the example cohort is synced to; user name and password may stand in the address. */
  readonly cohorts?: { readonly webhook: string; readonly everySeconds: number };
}

/**
 * Runs the Mixpanel sandbox until the signal and returns its final counts.
 * Throws UsageError when it can't listen or the fault script can't be used.
 */
export async function runMixpanelSandbox(
  options: MixpanelSandboxCommand,
  out: Output,
  signal: AbortSignal,
): Promise<SandboxStats> {
  const script = await readScript(options.faultsFile, faultScriptSchema);
  const credentials = credentialsFor(options);
  const sandbox = await start(options, credentials);
  try {
    sandbox.faults.set(script);
    if (options.cohorts) await syncCohort(sandbox, options.cohorts);
    out.write(options.json ? readyLine(sandbox, credentials) : welcome(sandbox, options));
    await reportUntil(sandbox, options, out, signal);
    const stats = sandbox.stats();
    out.write(options.json ? `${JSON.stringify({ kind: 'final', ...stats })}\n` : farewell(stats));
    return stats;
  } finally {
    await sandbox.close();
  }
}

function hasOwnCredentials(options: MixpanelSandboxCommand): boolean {
  return (options.token ?? options.apiSecret ?? options.serviceAccount) !== undefined;
}

function credentialsFor(options: MixpanelSandboxCommand): SandboxCredentials {
  const projectId = options.projectId ?? DEMO_CREDENTIALS.projectId;
  if (!hasOwnCredentials(options)) return { ...DEMO_CREDENTIALS, projectId };
  return {
    projectId,
    token: options.token,
    apiSecret: options.apiSecret,
    serviceAccounts: options.serviceAccount && [options.serviceAccount],
  };
}

async function start(
  { port, host, switches, rateLimit }: MixpanelSandboxCommand,
  credentials: SandboxCredentials,
): Promise<MixpanelSandbox> {
  return started(() =>
    startMixpanelSandbox({
      credentials,
      ...(port !== undefined && { port }),
      ...(host !== undefined && { host }),
      ...(switches && { switches }),
      ...(rateLimit && { rateLimit }),
    }),
  );
}

async function syncCohort(
  sandbox: MixpanelSandbox,
  { webhook, everySeconds }: NonNullable<MixpanelSandboxCommand['cohorts']>,
): Promise<void> {
  const url = URL.parse(webhook);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError('bad_webhook', '--cohort-webhook takes an address of http or https', {
      hint: 'For example --cohort-webhook http://127.0.0.1:3000/cohorts/KEY',
    });
  const [username, password] = [url.username, url.password].map(decodeURIComponent);
  url.username = url.password = '';
  const auth = username || password ? { username, password } : {};
  await sandbox.cohorts.define({
    ...EXAMPLE_COHORT,
    webhook: { url: url.href, everySeconds, ...auth },
  });
}

function readyLine(sandbox: MixpanelSandbox, { projectId }: SandboxCredentials): string {
  return `${JSON.stringify({ kind: 'ready', url: sandbox.url, port: sandbox.port, projectId })}\n`;
}

function welcome({ url }: MixpanelSandbox, options: MixpanelSandboxCommand): string {
  const account = DEMO_CREDENTIALS.serviceAccounts?.[0];
  const lines = [
    `Mixpanel sandbox at ${url}`,
    `  project id       ${options.projectId ?? DEMO_CREDENTIALS.projectId}`,
    ...(hasOwnCredentials(options)
      ? ['  credentials      those you gave']
      : [
          `  token            ${DEMO_CREDENTIALS.token}`,
          `  API secret       ${DEMO_CREDENTIALS.apiSecret}`,
          `  service account  ${account?.username} with secret ${account?.secret}`,
        ]),
    '',
    'Try:',
    `  open ${url}/ to see the counts`,
    `  curl ${url}/sandbox/stats`,
    `  curl '${url}/sandbox/events?limit=3'`,
    `  curl -d '[{"kind":"status","status":503,"match":{"requests":3}}]' ${url}/sandbox/faults`,
    ...(options.cohorts
      ? [
          `  curl ${url}/sandbox/cohorts`,
          '',
          `Syncs the cohort "${EXAMPLE_COHORT.name}" to ${URL.parse(options.cohorts.webhook)?.origin} every ${options.cohorts.everySeconds} s.`,
        ]
      : []),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** A line a second while requests come in. */
async function reportUntil(
  sandbox: MixpanelSandbox,
  options: MixpanelSandboxCommand,
  out: Output,
  signal: AbortSignal,
): Promise<void> {
  const tick = (before: SandboxStats, now: SandboxStats): void => {
    if (!options.quiet && now.requests.total !== before.requests.total)
      out.write(options.json ? tickJson(before, now) : tickText(before, now));
  };
  await everySecond(() => sandbox.stats(), tick, signal);
}

function tickJson(before: SandboxStats, now: SandboxStats): string {
  const { ingested, distinct, duplicates, rejected } = now;
  const perSecond = ingested - before.ingested;
  const tick = { kind: 'tick', perSecond, ingested, distinct, duplicates, rejected };
  return `${JSON.stringify(tick)}\n`;
}

function tickText(before: SandboxStats, now: SandboxStats): string {
  return `${now.ingested - before.ingested} events/s, ${summary(now)}\n`;
}

function farewell(stats: SandboxStats): string {
  const names = Object.entries(stats.events)
    .toSorted(([, a], [, b]) => b.ingested - a.ingested)
    .map(([name, counts]) => `  ${name}: ${counts.ingested} ingested, ${counts.distinct} distinct`);
  return [`Stopped. ${summary(stats)}`, ...names, ''].join('\n');
}

function summary(stats: SandboxStats): string {
  return `${stats.ingested} ingested, ${stats.distinct} distinct, ${stats.duplicates} duplicates, ${stats.rejected} rejected`;
}
