import { readFile } from 'node:fs/promises';
import { UsageError } from '../core/errors.ts';
import { faultScriptSchema } from '../sandbox/braze-rest/faults.ts';
import { BRAZE_DEMO_CREDENTIALS, type BrazeCredentials } from '../sandbox/braze-rest/options.ts';
import { type BrazeSandbox, startBrazeSandbox } from '../sandbox/braze-rest/server.ts';
import type { BrazeSandboxStats } from '../sandbox/braze-rest/stats.ts';
import {
  everySecond,
  type Output,
  readScript,
  type SandboxCommand,
  started,
} from './sandbox-parts.ts';

export interface BrazeSandboxCommand extends SandboxCommand {
  /** A REST API key that takes the place of the demo's and is not printed. */
  readonly apiKey?: string;
  /** A file with the external_ids of the users that exist, one a line. Left out: whoever is named exists. */
  readonly usersFile?: string;
}

/**
 * Runs the Braze sandbox until the signal and returns its final counts.
 * Throws UsageError when it can't listen, or the fault script or the list of users can't be used.
 */
export async function runBrazeSandbox(
  options: BrazeSandboxCommand,
  out: Output,
  signal: AbortSignal,
): Promise<BrazeSandboxStats> {
  const { port, host, json, quiet } = options;
  const script = await readScript(options.faultsFile, faultScriptSchema);
  const users = options.usersFile === undefined ? undefined : await usersIn(options.usersFile);
  const sandbox = await started(() =>
    startBrazeSandbox({
      credentials: credentialsFor(options),
      ...(users ? { existing: 'listed', users } : { existing: 'all' }),
      ...(port !== undefined && { port }),
      ...(host !== undefined && { host }),
    }),
  );
  const say = (kind: string, text: string, fields: object): void =>
    void out.write(json ? `${JSON.stringify({ kind, ...fields })}\n` : text);
  try {
    sandbox.faults.set(script);
    say('ready', welcome(sandbox, options), { url: sandbox.url, port: sandbox.port });
    const tick = (before: BrazeSandboxStats, now: BrazeSandboxStats): void => {
      if (quiet || now.requests.total === before.requests.total) return;
      const perSecond = now.attributeWrites - before.attributeWrites;
      say('tick', `${perSecond} attributes/s, ${summary(now)}\n`, { perSecond, ...figures(now) });
    };
    await everySecond(() => sandbox.stats(), tick, signal);
    const stats = sandbox.stats();
    say('final', farewell(stats), stats);
    return stats;
  } finally {
    await sandbox.close();
  }
}

async function usersIn(file: string): Promise<{ kind: 'external_id'; id: string }[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError('bad_users', `can't read the users in ${file}: ${String(error)}`, {
      hint: 'Give a text file with one external_id a line.',
      cause: error,
    });
  }
  const ids = text.split('\n').map((line) => line.trim());
  return ids.filter(Boolean).map((id) => ({ kind: 'external_id', id }));
}

function credentialsFor({ apiKey }: BrazeSandboxCommand): BrazeCredentials {
  if (apiKey === undefined) return BRAZE_DEMO_CREDENTIALS;
  return { ...BRAZE_DEMO_CREDENTIALS, apiKeys: { [apiKey]: ['users.track'] } };
}

function welcome({ url }: BrazeSandbox, { apiKey, usersFile }: BrazeSandboxCommand): string {
  const key = apiKey === undefined ? Object.keys(BRAZE_DEMO_CREDENTIALS.apiKeys)[0] : 'API_KEY';
  const { partner } = BRAZE_DEMO_CREDENTIALS;
  const lines = [
    `Braze sandbox at ${url}`,
    `  REST API key     ${apiKey === undefined ? key : 'the one you gave'}`,
    `  partner          ${partner.name}, API key ${partner.apiKey}, client secret ${partner.clientSecret}`,
    `  users            ${usersFile === undefined ? 'whoever is named exists' : `those in ${usersFile}`}`,
    '',
    'Try:',
    `  open ${url}/ to see who has which attribute`,
    `  curl -H 'Authorization: Bearer ${key}' ${url}/users/track -d '{"attributes":[{"external_id":"u1","vip":true}]}'`,
    `  curl '${url}/sandbox/users?attribute=vip'`,
    `  curl -d '[{"kind":"status","status":503,"match":{"requests":3}}]' ${url}/sandbox/faults`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function farewell(stats: BrazeSandboxStats): string {
  const held = Object.entries(stats.attributes).map(
    ([name, counts]) => `  ${name}: ${counts.held} users, false for ${counts.false}`,
  );
  const cohorts = Object.values(stats.cohorts).map(
    ({ name, members }) => `  cohort ${name}: ${members} users`,
  );
  return [`Stopped. ${summary(stats)}`, ...held, ...cohorts, ''].join('\n');
}

function figures({ users, attributeWrites, partnerIds, requests }: BrazeSandboxStats): object {
  return { users, attributeWrites, partnerIds, requests: requests.total };
}

function summary({ users, attributeWrites, partnerIds, requests }: BrazeSandboxStats): string {
  return `${users} users, ${attributeWrites} attributes written, ${partnerIds} ids of partner cohorts, ${requests.total} requests`;
}
