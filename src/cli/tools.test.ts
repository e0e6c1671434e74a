import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addTools } from './tools.ts';

async function run(...args: string[]): Promise<void> {
  const program = new Command().exitOverride();
  await addTools(program, {
    terminal: { out() {}, err() {}, live: false, color: false, width: 80 },
    env: {},
    args,
    signal: AbortSignal.abort(new Error('interrupted')),
    exit() {},
  });
  await program.parseAsync(args, { from: 'user' });
}

const GENERATE = ['generate', '--out', '/nowhere/at/all'];

test.each([
  [[...GENERATE, '--events', '0'], '--events takes a whole number of at least 1, not "0"'],
  [[...GENERATE, '--events', '-5'], '--events takes a whole number of at least 1, not "-5"'],
  [[...GENERATE, '--events', '1.5'], '--events takes a whole number of at least 1, not "1.5"'],
  [[...GENERATE, '--events', 'many'], '--events takes a whole number of at least 1, not "many"'],
  [[...GENERATE, '--events', ''], '--events takes a whole number of at least 1, not ""'],
  [[...GENERATE, '--events', '1', '--hours', '0'], '--hours takes a whole number'],
  [[...GENERATE, '--events', '1', '--per-file', '0'], '--per-file takes a whole number'],
  [[...GENERATE, '--events', '1', '--anonymous', '2'], '--anonymous takes a number from 0 to 1'],
  [['sandbox', 'mixpanel', '--port', '99999'], '--port takes a whole number from 0 to 65535'],
  [['sandbox', 'braze', '--port', '-1'], '--port takes a whole number from 0 to 65535'],
  [['sandbox', 'mixpanel', '--switch', 'bodyLimit=1kb'], "can't set the switches"],
])('%j is refused in the words of the command line', async (args, message) => {
  await expect(run(...args)).rejects.toThrow(message);
});

test('the Braze sandbox starts with what the command line says', async () => {
  await expect(run('sandbox', 'braze', '--port', '0', '--users', '/nowhere')).rejects.toThrow(
    "can't read the users in /nowhere",
  );
  await expect(run('sandbox', 'braze', '--port', '0', '--api-key', 'k')).resolves.toBe(undefined);
});

test('a switch reaches the sandbox', async () => {
  await expect(
    run('sandbox', 'mixpanel', '--port', '0', '--switch', 'bodyLimit=2mib'),
  ).resolves.toBe(undefined);
});
