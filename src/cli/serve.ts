import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { readConfig } from './config-file.ts';
import { adminPassword, backoffFrom, DATA_DIR_HELP, dataDir, graceFrom } from './options.ts';
import type { Shell } from './shell.ts';
import { version } from './version.ts';

interface Options {
  file?: string;
  dataDir?: string;
  host?: string;
  port?: string;
}

export function addServe(program: Command, shell: Shell): void {
  program
    .command('serve')
    .description(
      'Run every connection, take pushes from Braze, and answer the dashboard, its API, /healthz, /readyz, /metrics',
    )
    .option(
      '-f, --file <file>',
      'settings of the service, and connections to apply before it starts',
    )
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--host <address>', 'address to listen on; by default that of the file, else 127.0.0.1')
    .option('--port <n>', 'port to listen on; by default that of the file, else 8377')
    .addHelpText(
      'after',
      `
It logs one JSON object a line to standard output. SIGTERM or Ctrl-C stops it: what is in flight is settled first,
for at most 20 seconds (SLUICE_GRACE_MS). As long as there is no admin, it prints a link to make one to standard
error; or the environment gives a password for the user admin (SLUICE_ADMIN_PASSWORD, or SLUICE_ADMIN_PASSWORD_FILE).
Further users are made in the dashboard or by sluice users. Connections are changed while it runs by sluice apply,
pause, resume, delete, backfill, replay.`,
    )
    .action(async (options: Options) => {
      const { keySource, parseConfig } = await import('../connector.ts');
      const { serve } = await import('../server/serve.ts');
      const config =
        options.file === undefined
          ? parseConfig({}, { env: shell.env, folder: process.cwd() })
          : await readConfig(options.file, shell.env);
      const listen = {
        ...config.service.listen,
        host: options.host ?? config.service.listen.host,
        port: options.port === undefined ? config.service.listen.port : portFrom(options.port),
      };
      const serving = await serve({
        dataDir: dataDir(options.dataDir, shell.env),
        keys: keySource(shell.env),
        config: { ...config, service: { ...config.service, listen } },
        version: version(),
        adminPassword: adminPassword(shell.env),
        logTo: { write: (line) => shell.terminal.out(line) },
        ...backoffFrom(shell.env),
        ...graceFrom(shell.env),
      });
      // Never into the log, which others read too.
      if (serving.setUpUrl !== undefined)
        shell.terminal.err(
          `Nobody can sign in yet. Open this to make the first admin, once and within 24 hours:\n\n  ${serving.setUpUrl}\n\n`,
        );
      await new Promise((resolve) => {
        shell.signal.addEventListener('abort', resolve, { once: true });
        if (shell.signal.aborted) resolve(undefined);
      });
      await serving.close();
    });
}

function portFrom(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UsageError('bad_port', `${JSON.stringify(text)} is no port`, {
    hint: 'A port is a number from 1 to 65535; 0 takes any free one.',
  });
}
