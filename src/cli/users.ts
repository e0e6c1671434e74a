import { type Command, Option } from 'commander';
import { type Access, type Role, ROLES } from '../core/access.ts';
import { UsageError } from '../core/errors.ts';
import { DATA_DIR_HELP, dataDir, passwordFrom } from './options.ts';
import type { Shell } from './shell.ts';
import { table } from './terminal.ts';

interface Common {
  dataDir?: string;
}

/** Who does what the command line does, in the audit log. */
const ACTOR = 'the command line';
const URL_HELP = 'where the dashboard is, for the link';
const DASHBOARD = 'http://127.0.0.1:8377';

export function addUsers(program: Command, shell: Shell): void {
  const group = program
    .command('users')
    .description('Who may sign in to the dashboard; also while the service runs');
  addAdd(group, shell);
  addList(group, shell);
  addReset(group, shell);
  addSwitch(group, shell, 'disable', 'Let a user in no more, and end their sessions and tokens');
  addSwitch(group, shell, 'enable', 'Let a disabled user in again');
}

function addAdd(group: Command, shell: Shell): void {
  group
    .command('add <name>')
    .description('Add a user, and print a link by which they sign in once and choose a password')
    .addOption(
      new Option('--role <role>', 'viewer sees, editor changes, admin also deletes and adds users')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--password-file <file>', 'file with a password, instead of a link')
    .option('--url <url>', URL_HELP, DASHBOARD)
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .action(
      async (
        name: string,
        options: Common & { role: Role; passwordFile?: string; url: string },
      ) => {
        const { hashPassword, passwordFault } = await import('../server/auth/password.ts');
        const { NAME_RULE, USER_NAME } = await import('../server/auth/names.ts');
        if (!USER_NAME.test(name)) throw new UsageError('bad_name', NAME_RULE);
        const password = passwordFrom(options.passwordFile);
        const fault = password === undefined ? undefined : passwordFault(name, password);
        if (fault !== undefined) throw new UsageError('weak_password', fault);
        const passwordHash = password === undefined ? null : await hashPassword(password);
        await change(shell, options, true, async (access, now) => {
          await access.users.add({ name, role: options.role, passwordHash }, now);
          await note(access, now, 'add user', name, `role ${options.role}`);
          if (password === undefined) await printLink(shell, access, name, options.url, now);
          else shell.terminal.out(`${name} may sign in now.\n`);
        });
      },
    );
}

function addList(group: Command, shell: Shell): void {
  group
    .command('list')
    .description('All users')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--json', 'print one JSON object a user')
    .action(async (options: Common & { json?: boolean }) => {
      const { openBooks } = await import('../connector.ts');
      const books = openBooks(dataDir(options.dataDir, shell.env));
      try {
        const users = await books.access.users.list();
        if (options.json) {
          for (const user of users) shell.terminal.out(`${JSON.stringify(user)}\n`);
          return;
        }
        if (users.length === 0) {
          shell.terminal.out('No users yet. Make one: sluice users add NAME --role admin\n');
          return;
        }
        shell.terminal.out(
          table(
            [
              { title: 'user' },
              { title: 'role' },
              { title: 'signs in by' },
              { title: 'last seen (UTC)' },
              { title: 'state' },
            ],
            users.map(({ name, role, signIn, lastSeenAt, disabled }) => [
              ...[name, role, signIn],
              lastSeenAt === null ? 'never' : new Date(lastSeenAt).toISOString().slice(0, 16),
              disabled ? 'disabled' : 'enabled',
            ]),
          ),
        );
      } finally {
        books.close();
      }
    });
}

function addReset(group: Command, shell: Shell): void {
  group
    .command('reset <name>')
    .description('For a lost password: drop it, end all sessions, and print a link to sign in once')
    .option('--url <url>', URL_HELP, DASHBOARD)
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .action(async (name: string, options: Common & { url: string }) => {
      await change(shell, options, false, async (access, now) => {
        const user = await access.users.get(name);
        if (user?.signIn === 'oidc')
          throw new UsageError('no_password', `${name} signs in by OIDC and has no password here`);
        await access.users.change(name, { passwordHash: null });
        await note(access, now, 'reset user', name);
        await printLink(shell, access, user!.name, options.url, now);
      });
    });
}

function addSwitch(
  group: Command,
  shell: Shell,
  verb: 'disable' | 'enable',
  description: string,
): void {
  group
    .command(`${verb} <name>`)
    .description(description)
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .action(async (name: string, options: Common) => {
      await change(shell, options, false, async (access, now) => {
        await access.users.change(name, { disabled: verb === 'disable' });
        await note(access, now, 'change user', name, `${verb}d`);
        shell.terminal.out(`${name} is ${verb}d.\n`);
      });
    });
}

async function change(
  shell: Shell,
  options: Common,
  make: boolean,
  work: (access: Access, now: number) => Promise<void>,
): Promise<void> {
  const { keySource, openControl } = await import('../connector.ts');
  const folder = dataDir(options.dataDir, shell.env);
  const control = await openControl(folder, keySource(shell.env), { make });
  try {
    await work(control.access, Date.now());
  } finally {
    control.close();
  }
}

async function note(
  { audit }: Access,
  at: number,
  action: string,
  target: string,
  detail: string | null = null,
): Promise<void> {
  await audit.add({ at, actor: ACTOR, action, target, detail });
}

async function printLink(
  shell: Shell,
  access: Access,
  name: string,
  url: string,
  now: number,
): Promise<void> {
  const { linkUrl, newLinkToken } = await import('../server/auth/links.ts');
  const token = await newLinkToken(access, name, now);
  shell.terminal.err(`${name} signs in by this, once and within 24 hours:\n`);
  shell.terminal.out(`${linkUrl(url, token)}\n`);
}
