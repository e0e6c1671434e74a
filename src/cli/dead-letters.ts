import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import type { DeadLetterFilter, DeadLetters, StoredDeadLetter } from '../core/ledger.ts';
import { confirm } from './confirm.ts';
import type { Shell } from './shell.ts';
import {
  backoffFrom,
  DATA_DIR_HELP,
  dataDir,
  type DestinationOptions,
  type MappingOptions,
  readDestination,
  readMapping,
  withDestination,
  withMapping,
} from './options.ts';
import { EXIT } from './report.ts';
import { progressLine } from './progress.ts';
import { count, number, palette, table } from './terminal.ts';

interface FilterOptions {
  dataDir?: string;
  connection?: string;
  cause?: string;
  type?: string;
  json?: boolean;
}

const PAGE = 500;

export function addDeadLetters(program: Command, shell: Shell): void {
  const group = program
    .command('dead-letters')
    .description(
      'Records that were read and could not be delivered: list, show, retry, discard, export',
    );

  withFilter(group.command('list').description('What there is, by cause; with --json each one'))
    .option('--limit <n>', 'how many to show', '20')
    .action(async (options: FilterOptions & { limit: string }) =>
      withBooks(shell, options.dataDir, (letters) => list(letters, options, shell)),
    );

  group
    .command('show <id>')
    .description('One dead letter whole: the cause, and the event or record')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--json', 'print one JSON object')
    .action(async (id: string, options: { dataDir?: string; json?: boolean }) =>
      withBooks(shell, options.dataDir, async (letters) => {
        const letter = await letters.get(idOf(id));
        if (!letter)
          throw new UsageError('no_dead_letter', `There is no dead letter ${id}`, {
            hint: 'It may have been delivered since. See `sluice dead-letters list`.',
          });
        shell.terminal.out(options.json ? `${asJson(letter)}\n` : whole(letter, shell));
      }),
    );

  withFilter(
    group.command('export').description('All of them, whole, as NDJSON on standard output'),
  ).action(async (options: FilterOptions) =>
    withBooks(shell, options.dataDir, async (letters) => {
      for await (const letter of every(letters, options)) shell.terminal.out(`${asJson(letter)}\n`);
    }),
  );

  addDiscard(group, shell);

  const retry = withFilter(
    group
      .command('retry [ids...]')
      .description(
        'Send them again: the ids given, or all that the filter names; with a stored --connection nothing else is needed',
      ),
  ).option('--all', 'every dead letter of the connection');
  withMapping(withDestination(retry));
  retry.option('--from <dir>', 'the folder they came from, when no --connection is given');
  retry.action(
    async (
      ids: string[],
      options: FilterOptions &
        DestinationOptions &
        MappingOptions & { all?: boolean; from?: string },
    ) => {
      if (ids.length === 0 && !options.all && !options.cause && !options.type)
        throw new UsageError('nothing_named', 'Nothing says which dead letters to send again', {
          hint: 'Give ids, or --cause or --type, or --all.',
        });
      const { keySource, retryDeadLetters, retryStored } = await import('../connector.ts');
      const progress = progressLine(shell.terminal, false);
      const events = {
        onWarning: (text: string) => shell.terminal.err(`warning: ${text}\n`),
        onRetry: progress.retry,
      };
      const filter = {
        dataDir: dataDir(options.dataDir, shell.env),
        ids: ids.map(idOf),
        ...backoffFrom(shell.env),
        ...(options.cause === undefined ? {} : { cause: options.cause }),
        ...(options.type === undefined ? {} : { eventType: options.type }),
      };
      const { connection } = options;
      const send = async () => {
        if (connection !== undefined && !saysHow(options)) {
          const keys = keySource(shell.env);
          const stored = await retryStored({ ...filter, keys, connection }, shell.signal, events);
          if (stored) return stored;
        }
        const given = {
          ...filter,
          ...(connection === undefined ? {} : { connection }),
          ...(options.from === undefined ? {} : { from: options.from }),
          destination: readDestination(options, shell.env),
          ...(await readMapping(options, shell.env)),
        };
        return retryDeadLetters(given, shell.signal, events);
      };
      const result = await send().finally(progress.end);
      shell.terminal.out(
        options.json
          ? `${JSON.stringify(result)}\n`
          : `${number(result.delivered)} delivered, ${number(result.skipped)} skipped, ${number(result.refused)} still refused.\n`,
      );
      if (result.halted !== undefined) {
        shell.terminal.err(`Halted: ${result.halted}\n`);
        shell.exit(EXIT.halted);
      } else if (result.refused > 0) shell.exit(EXIT.deadLetters);
    },
  );
}

function addDiscard(group: Command, shell: Shell): void {
  withFilter(
    group
      .command('discard [ids...]')
      .description(
        'Give them up: the ids given, or all of a --connection that the filter names; they count as skipped from then on',
      ),
  )
    .option('--yes', 'do not ask')
    .action(async (ids: string[], options: FilterOptions & { yes?: boolean }) => {
      const { discardLetters, keySource, openControl } = await import('../connector.ts');
      const control = await openControl(dataDir(options.dataDir, shell.env), keySource(shell.env));
      try {
        const choice = ids.length > 0 ? { ids: ids.map(idOf) } : { filter: filterOf(options) };
        const what =
          ids.length > 0 ? count(ids.length, 'dead letter') : 'All that the filter names';
        await confirm(shell, `${what} will be given up for good.`, options.yes === true);
        const discarded = await discardLetters({ state: control, now: Date.now }, choice);
        shell.terminal.out(
          options.json
            ? `${JSON.stringify({ discarded })}\n`
            : `${number(discarded)} discarded: they count as skipped now.\n`,
        );
      } finally {
        control.close();
      }
    });
}

/** Whether the command line itself says where to send and how; else the stored connection knows. */
function saysHow(options: DestinationOptions & MappingOptions): boolean {
  const given: unknown[] = [
    options.projectToken,
    options.projectTokenFile,
    options.serviceAccount,
    options.apiSecretFile,
    options.mixpanelUrl,
    options.region,
    options.events,
    options.settings,
    options.saltFile,
  ];
  return given.some((each) => each !== undefined);
}

function withFilter(command: Command): Command {
  return command
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--connection <name>', 'only of this connection')
    .option('--cause <code>', 'only with this cause')
    .option('--type <type>', 'only of this Currents type')
    .option('--json', 'one JSON object a line');
}

async function withBooks(
  shell: Shell,
  folder: string | undefined,
  work: (letters: DeadLetters) => Promise<void>,
): Promise<void> {
  const { openBooks } = await import('../connector.ts');
  const books = openBooks(dataDir(folder, shell.env));
  try {
    await work(books.deadLetters);
  } finally {
    books.close();
  }
}

async function list(
  letters: DeadLetters,
  options: FilterOptions & { limit: string },
  { terminal }: Shell,
): Promise<void> {
  const limit = Number(options.limit);
  if (options.json) {
    let shown = 0;
    for await (const letter of every(letters, options)) {
      if (shown++ >= limit) return;
      terminal.out(`${asJson(letter)}\n`);
    }
    return;
  }
  const summary = (await letters.summary()).filter(
    (row) =>
      (options.connection === undefined || row.connection === options.connection) &&
      (options.cause === undefined || row.cause === options.cause) &&
      (options.type === undefined || row.eventType === options.type),
  );
  if (summary.length === 0) {
    terminal.out('No dead letters.\n');
    return;
  }
  const { bold, dim } = palette(terminal.color);
  terminal.out(
    table(
      [{ title: 'cause' }, { title: 'event type' }, { title: 'n', align: 'right' }],
      summary.map((row) => [row.cause, row.eventType, number(row.n)]),
      { dim },
    ),
  );
  terminal.out(`\n${bold('The first of them')}\n`);
  const first = await letters.list({ ...filterOf(options), limit });
  for (const letter of first)
    terminal.out(
      `${dim(`#${letter.id}`)} ${letter.eventType}  ${letter.detail}\n    ${dim(`${letter.slice}, record ${letter.record}`)}\n`,
    );
  terminal.out(
    `\nOne whole:   sluice dead-letters show ${first[0]?.id ?? 'ID'}\nSend again:  sluice dead-letters retry --all …\n`,
  );
}

async function* every(
  letters: DeadLetters,
  options: FilterOptions,
): AsyncGenerator<StoredDeadLetter> {
  let after = 0;
  for (;;) {
    const page = await letters.list({ ...filterOf(options), after, limit: PAGE });
    if (page.length === 0) return;
    yield* page;
    after = page.at(-1)!.id;
  }
}

function filterOf(options: FilterOptions): Omit<DeadLetterFilter, 'limit'> {
  return {
    ...(options.connection === undefined ? {} : { connection: options.connection }),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
    ...(options.type === undefined ? {} : { eventType: options.type }),
  };
}

function idOf(text: string): number {
  const id = Number(text.replace(/^#/, ''));
  if (!Number.isSafeInteger(id) || id < 1)
    throw new UsageError('bad_id', `${JSON.stringify(text)} is no id of a dead letter`, {
      hint: 'Ids are the numbers that `sluice dead-letters list` shows.',
    });
  return id;
}

/** The payload as a person or a script wants it: JSON where it is JSON, else base64. The project token is masked. */
function contentOf(letter: StoredDeadLetter): Record<string, unknown> {
  const { payload } = letter;
  if (letter.kind === 'bytes') return { bytes: Buffer.from(payload).toString('base64') };
  const text = Buffer.from(payload).toString('utf8');
  const value = JSON.parse(text) as { properties?: Record<string, unknown> };
  if (letter.kind === 'event' && value.properties && 'token' in value.properties)
    value.properties['token'] = '<token>';
  // `record` is the number of the record already.
  return letter.kind === 'record' ? { source: value } : { event: value };
}

function asJson(letter: StoredDeadLetter): string {
  const { payload: _payload, kind: _kind, ...rest } = letter;
  return JSON.stringify({ ...rest, at: new Date(letter.at).toISOString(), ...contentOf(letter) });
}

function whole(letter: StoredDeadLetter, { terminal }: Shell): string {
  const { bold } = palette(terminal.color);
  return [
    `${bold('cause')}       ${letter.cause}`,
    `${bold('detail')}      ${letter.detail}`,
    `${bold('type')}        ${letter.eventType}`,
    `${bold('slice')}       ${letter.slice}`,
    `${bold('record')}      ${letter.record}`,
    `${bold('connection')}  ${letter.connection}`,
    `${bold('since')}       ${new Date(letter.at).toISOString()}, sent again ${count(letter.retries, 'time')}`,
    JSON.stringify(contentOf(letter), null, 2),
    '',
  ].join('\n');
}
