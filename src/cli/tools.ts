import { type Command, Option } from 'commander';
import { selectEvents } from '../catalogue/catalogue.ts';
import { UsageError } from '../core/errors.ts';
import { CODECS, type Codec } from '../sandbox/braze/codec.ts';
import { eventsJson, eventsText } from './events.ts';
import type { Shell } from './shell.ts';

export async function addTools(program: Command, shell: Shell): Promise<void> {
  addEvents(program, shell);
  addGenerate(program, shell);
  await addSandboxes(program, shell);
}

function addEvents(program: Command, { terminal }: Shell): void {
  program
    .command('events')
    .description(
      'The event types: what Braze calls them, what Mixpanel gets, where each property comes from',
    )
    .option('--type <glob>', 'only these, with wildcards: "users.messages.email.*"', collect, [])
    .option('--details', 'every property of every type')
    .option('--json', 'print one JSON object')
    .action((options: { type: string[]; details?: boolean; json?: boolean }) => {
      const globs = options.type.length === 0 ? ['*'] : options.type;
      if (options.json) terminal.out(`${JSON.stringify(eventsJson(globs))}\n`);
      else
        terminal.out(
          eventsText(globs, { color: terminal.color, details: options.details === true }),
        );
    });
}

interface GenerateOptions {
  events: string;
  out: string;
  seed: string;
  codec: Codec;
  types?: string[];
  perFile?: string;
  hours?: string;
  anonymous?: string;
  force?: boolean;
  json?: boolean;
}

function addGenerate(program: Command, { terminal, signal }: Shell): void {
  program
    .command('generate')
    .description(
      "Write made-up Currents files, in Braze's schemas and layout; the same seed gives the same bytes",
    )
    .requiredOption('--events <n>', 'how many events in all')
    .requiredOption('--out <dir>', 'folder to write into')
    .option('--seed <seed>', 'any text', 'sluice')
    .addOption(
      new Option('--codec <codec>', 'compression of the files').choices(CODECS).default('null'),
    )
    .option('--types <glob>', 'only these types, with wildcards', collect)
    .option('--per-file <n>', 'events a file at most')
    .option('--hours <n>', 'hours over which the events are spread')
    .option('--anonymous <share>', 'share of users without external_user_id, from 0 to 1')
    .option('--force', 'write into a folder that holds Avro files already')
    .option('--json', 'print one JSON object')
    .action(async (options: GenerateOptions) => {
      const { generateProgress, runGenerate } = await import('./generate.ts');
      const events = wholeOf(options.events, '--events', 1);
      const progress = generateProgress(terminal, events);
      await runGenerate(
        {
          events,
          onProgress: progress.written,
          out: options.out,
          seed: options.seed,
          codec: options.codec,
          ...(options.types === undefined ? {} : { types: selectEvents(options.types) }),
          ...(options.perFile === undefined
            ? {}
            : { eventsPerFile: wholeOf(options.perFile, '--per-file', 1) }),
          ...(options.hours === undefined ? {} : { hours: wholeOf(options.hours, '--hours', 1) }),
          ...(options.anonymous === undefined
            ? {}
            : { anonymousShare: shareOf(options.anonymous, '--anonymous') }),
          force: options.force === true,
          json: options.json === true,
        },
        {
          write(text: string) {
            progress.end();
            terminal.out(text);
          },
        },
        signal,
      );
    });
}

interface SandboxOptions {
  port: string;
  host: string;
  projectId?: string;
  token?: string;
  apiSecret?: string;
  serviceAccount?: string;
  faults?: string;
  switch?: string[];
  rateLimit: boolean;
  cohortWebhook?: string;
  cohortEvery: string;
  quiet?: boolean;
  json?: boolean;
}

async function addSandboxes(program: Command, shell: Shell): Promise<void> {
  const sandbox = program
    .command('sandbox')
    .description('Servers that stand in for the vendors and enforce their documented rules');
  await addMixpanelSandbox(sandbox, shell);
  addBrazeSandbox(sandbox, shell);
}

async function addMixpanelSandbox(
  sandbox: Command,
  { terminal, signal, args }: Shell,
): Promise<void> {
  // The help of the switches is made from their schema, which no other command need load.
  const switches = args.includes('sandbox') ? await import('./sandbox-switches.ts') : undefined;
  sandbox
    .command('mixpanel')
    .description(
      "Mixpanel's import and raw export APIs and its cohort syncs, with strict validation, limits and faults on request",
    )
    .option('--port <n>', 'port to listen on', '8080')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--project-id <id>', 'project id')
    .option('--token <token>', 'project token to accept')
    .option('--api-secret <secret>', 'API secret to accept')
    .option('--service-account <name:secret>', 'service account to accept')
    .option('--faults <file>', 'JSON file with a fault script; see docs/guides/sandbox.md')
    .option('--switch <name=value>', 'how to read an unclear rule; see below', collect)
    .option('--no-rate-limit', 'take any number of events a minute')
    .option(
      '--cohort-webhook <url>',
      'sync an example cohort to this address, with NAME:PASSWORD@ in it for Basic auth',
    )
    .option('--cohort-every <seconds>', 'how long after a sync the next one begins', '10')
    .option('--quiet', 'no line a second')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', switches?.SWITCHES_HELP ?? '')
    .action(async (options: SandboxOptions) => {
      const { runMixpanelSandbox } = await import('./sandbox.ts');
      const { switchesOf } = await import('./sandbox-switches.ts');
      await runMixpanelSandbox(
        {
          port: wholeOf(options.port, '--port', 0, 65_535),
          host: options.host,
          ...(options.projectId === undefined ? {} : { projectId: options.projectId }),
          ...(options.token === undefined ? {} : { token: options.token }),
          ...(options.apiSecret === undefined ? {} : { apiSecret: options.apiSecret }),
          ...(options.serviceAccount === undefined
            ? {}
            : { serviceAccount: accountOf(options.serviceAccount) }),
          ...(options.faults === undefined ? {} : { faultsFile: options.faults }),
          switches: switchesOf(options.switch ?? []),
          ...(options.rateLimit ? {} : { rateLimit: 'off' as const }),
          ...(options.cohortWebhook === undefined
            ? {}
            : {
                cohorts: {
                  webhook: options.cohortWebhook,
                  everySeconds: wholeOf(options.cohortEvery, '--cohort-every', 1),
                },
              }),
          quiet: options.quiet === true,
          json: options.json === true,
        },
        { write: (text) => terminal.out(text) },
        signal,
      );
    });
}

interface BrazeSandboxOptions {
  port: string;
  host: string;
  apiKey?: string;
  users?: string;
  faults?: string;
  quiet?: boolean;
  json?: boolean;
}

function addBrazeSandbox(sandbox: Command, { terminal, signal }: Shell): void {
  sandbox
    .command('braze')
    .description(
      "Braze's /users/track and partner cohorts, with its limits and faults on request, and a page that shows who has which attribute",
    )
    .option('--port <n>', 'port to listen on', '8081')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--api-key <key>', 'REST API key to accept')
    .option('--users <file>', 'external_ids of the users that exist, one a line; else all do')
    .option('--faults <file>', 'JSON file with a fault script; see docs/guides/sandbox.md')
    .option('--quiet', 'no line a second')
    .option('--json', 'one JSON object a line')
    .action(async (options: BrazeSandboxOptions) => {
      const { runBrazeSandbox } = await import('./sandbox-braze.ts');
      await runBrazeSandbox(
        {
          port: wholeOf(options.port, '--port', 0, 65_535),
          host: options.host,
          ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
          ...(options.users === undefined ? {} : { usersFile: options.users }),
          ...(options.faults === undefined ? {} : { faultsFile: options.faults }),
          quiet: options.quiet === true,
          json: options.json === true,
        },
        { write: (text) => terminal.out(text) },
        signal,
      );
    });
}

function collect(value: string, before: string[] = []): string[] {
  return [
    ...before,
    ...value
      .split(',')
      .map((each) => each.trim())
      .filter(Boolean),
  ];
}

function wholeOf(text: string, option: string, min: number, max = Infinity): number {
  const n = numberOf(text);
  if (Number.isSafeInteger(n) && n >= min && n <= max) return n;
  const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(
    'bad_number',
    `${option} takes a whole number ${range}, not ${JSON.stringify(text)}`,
  );
}

function shareOf(text: string, option: string): number {
  const n = numberOf(text);
  if (n >= 0 && n <= 1) return n;
  throw new UsageError(
    'bad_number',
    `${option} takes a number from 0 to 1, not ${JSON.stringify(text)}`,
  );
}

function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

function accountOf(text: string): { username: string; secret: string } {
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new UsageError('bad_account', '--service-account takes NAME:SECRET', {
      hint: 'For example --service-account demo:demo-secret',
    });
  return { username: text.slice(0, colon), secret: text.slice(colon + 1) };
}
