import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { unknownPatterns } from '../catalogue/catalogue.ts';
import { UsageError } from '../core/errors.ts';
import type { MappingSettings, MixpanelInput } from '../connector.ts';

/** What the destination options of a command leave after parsing. */
export interface DestinationOptions {
  projectToken?: string;
  projectTokenFile?: string;
  serviceAccount?: string;
  secretFile?: string;
  projectId?: string;
  apiSecretFile?: string;
  region?: string;
  mixpanelUrl?: string;
}

export interface MappingOptions {
  events?: string;
  settings?: string;
  saltFile?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

export function withDestination(command: Command): Command {
  return command
    .optionsGroup('Mixpanel project (one of three ways to sign in):')
    .option('--service-account <name>', 'service account; recommended (MIXPANEL_SERVICE_ACCOUNT)')
    .option(
      '--secret-file <file>',
      "file with the service account's secret (MIXPANEL_SERVICE_ACCOUNT_SECRET)",
    )
    .option('--project-id <id>', 'project id, with a service account (MIXPANEL_PROJECT_ID)')
    .option('--project-token <token>', 'project token (MIXPANEL_PROJECT_TOKEN)')
    .option('--project-token-file <file>', 'file with the project token')
    .option(
      '--api-secret-file <file>',
      'file with the API secret, which Mixpanel retires on 3 March 2027 (MIXPANEL_API_SECRET)',
    )
    .addOption(
      new Option('--region <region>', 'where the project lives (MIXPANEL_REGION)').choices([
        'us',
        'eu',
        'in',
      ]),
    )
    .option('--mixpanel-url <url>', 'another base URL: a sandbox or a proxy');
}

export function withMapping(command: Command): Command {
  return command
    .optionsGroup('What is sent, and how:')
    .option(
      '--events <types>',
      'Currents types, comma-separated, with wildcards: "users.messages.email.*"',
    )
    .option('--settings <file>', 'mapping settings (YAML or JSON); see docs/guides/settings.md')
    .option('--salt-file <file>', 'file with the salt of hashed values (SLUICE_SALT)');
}

/** The Mixpanel project from options, else from the environment. Throws UsageError that says what is missing. */
export function readDestination(options: DestinationOptions, env: Env): MixpanelInput {
  // Named on the command line, a way to sign in goes before any that the environment names.
  const named = [
    options.serviceAccount,
    options.projectToken,
    options.projectTokenFile,
    options.apiSecretFile,
  ].some((option) => option !== undefined);
  const fromEnv = (name: string): string | undefined => (named ? undefined : env[name]);
  const token =
    options.projectToken ??
    fileText(options.projectTokenFile, 'project token') ??
    env['MIXPANEL_PROJECT_TOKEN'];
  const username = options.serviceAccount ?? fromEnv('MIXPANEL_SERVICE_ACCOUNT');
  const apiSecret = fileText(options.apiSecretFile, 'API secret') ?? fromEnv('MIXPANEL_API_SECRET');
  const region = options.region ?? env['MIXPANEL_REGION'];
  const url = options.mixpanelUrl;
  if (!url && !region)
    throw new UsageError('no_region', 'The region of the Mixpanel project is missing', {
      hint: 'Add --region us, eu or in. It stands in Mixpanel under Project Settings. The wrong one loses data, so it is never guessed.',
    });
  if (region !== undefined && !['us', 'eu', 'in'].includes(region))
    throw new UsageError('bad_region', `There is no region ${JSON.stringify(region)}`, {
      hint: 'Regions are us, eu and in.',
    });
  const timeoutMs = numberFrom(env, 'SLUICE_TIMEOUT_MS');
  const place = {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    region: (region ?? 'us') as 'us' | 'eu' | 'in',
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
  };

  if (username !== undefined) {
    const secret =
      fileText(options.secretFile, 'service account secret') ??
      env['MIXPANEL_SERVICE_ACCOUNT_SECRET'];
    const projectId = options.projectId ?? env['MIXPANEL_PROJECT_ID'];
    if (!secret)
      throw new UsageError('no_secret', 'The secret of the service account is missing', {
        hint: 'Put it into a file and name it by --secret-file, or set MIXPANEL_SERVICE_ACCOUNT_SECRET.',
      });
    if (!projectId)
      throw new UsageError('no_project', 'A service account needs the project id', {
        hint: 'Add --project-id. It stands in Mixpanel under Project Settings.',
      });
    return { ...place, credentials: { kind: 'service-account', username, secret, projectId } };
  }
  if (apiSecret) return { ...place, credentials: { kind: 'api-secret', secret: apiSecret } };
  if (token) return { ...place, credentials: { kind: 'project-token', token } };
  throw new UsageError('no_credentials', 'Nothing tells which Mixpanel project to send to', {
    hint: 'Recommended: --service-account NAME --secret-file FILE --project-id ID. Or --project-token TOKEN.',
  });
}

export async function readMapping(
  options: MappingOptions,
  env: Env,
): Promise<{ settings: MappingSettings; salt: string | undefined }> {
  const { parseMappingSettings } = await import('../connector/export.ts');
  let input: Record<string, unknown> = {};
  if (options.settings !== undefined) {
    const text = fileText(options.settings, 'settings')!;
    const { parse: parseYaml } = await import('yaml');
    let parsed: unknown;
    try {
      parsed = parseYaml(text);
    } catch (error) {
      throw new UsageError(
        'bad_settings',
        `${options.settings} is neither YAML nor JSON: ${(error as Error).message}`,
      );
    }
    if (parsed !== null && (typeof parsed !== 'object' || Array.isArray(parsed)))
      throw new UsageError('bad_settings', `${options.settings} must hold settings by name`, {
        hint: 'For example:\nevents: ["users.messages.email.*"]\nprivacy:\n  pii: hash',
      });
    input = (parsed ?? {}) as Record<string, unknown>;
  }
  if (options.events !== undefined)
    input = {
      ...input,
      events: options.events
        .split(',')
        .map((each) => each.trim())
        .filter(Boolean),
    };
  const salt = fileText(options.saltFile, 'salt') ?? env['SLUICE_SALT'];
  const settings = parseMappingSettings(input);
  refuseUnknownEvents(settings);
  return { settings, salt };
}

/** A misspelt pattern would settle everything as skipped, and the next run would not read it again. */
function refuseUnknownEvents({ events, uncatalogued }: MappingSettings): void {
  if (uncatalogued === 'send') return;
  const [unknown] = unknownPatterns(events);
  if (!unknown) return;
  const { pattern, similar } = unknown;
  throw new UsageError('unknown_events', `No known event type is selected by ${pattern}`, {
    hint:
      similar.length > 0
        ? `Did you mean ${similar.join(' or ')}? All types: sluice events`
        : 'All types: sluice events. A type newer than this Sluice needs the setting uncatalogued: send.',
  });
}

export const DATA_DIR_HELP =
  'where the ledger is kept; by default SLUICE_DATA_DIR, else ./sluice-data';

export function dataDir(option: string | undefined, env: Env): string {
  return resolve(option ?? env['SLUICE_DATA_DIR'] ?? 'sluice-data');
}

/** First wait after a failed request; for tests and for impatient proxies. */
export function backoffFrom(env: Env): { backoffMs?: number } {
  const backoffMs = numberFrom(env, 'SLUICE_BACKOFF_MS');
  return backoffMs === undefined ? {} : { backoffMs };
}

/** How long a stop waits for what is in flight. */
export function graceFrom(env: Env): { graceMs?: number } {
  const graceMs = numberFrom(env, 'SLUICE_GRACE_MS');
  return graceMs === undefined ? {} : { graceMs };
}

/** Password of the first admin, for automation. Throws UsageError when its file can't be read. */
export function adminPassword(env: Env): string | undefined {
  return (
    env['SLUICE_ADMIN_PASSWORD'] || passwordFrom(env['SLUICE_ADMIN_PASSWORD_FILE'] || undefined)
  );
}

/** Throws UsageError. */
export function passwordFrom(file: string | undefined): string | undefined {
  return fileText(file, 'password');
}

function numberFrom(env: Env, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1)
    throw new UsageError(
      'bad_environment',
      `${name} must be a whole number of milliseconds, not ${JSON.stringify(text)}`,
    );
  return n;
}

function fileText(path: string | undefined, what: string): string | undefined {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(
      'no_file',
      `Can't read the ${what} from ${path}: ${(error as Error).message}`,
    );
  }
  if (text === '' && what !== 'settings')
    throw new UsageError('empty_file', `${path} is empty; it should hold the ${what}`);
  return text;
}
