import { createInterface } from 'node:readline/promises';
import { UsageError } from '../core/errors.ts';
import type { Shell } from './shell.ts';

/**
 * Asks before something that can't be taken back. `yes`: the command line has said it already.
 * Throws UsageError when nobody is there to ask, and when the answer is no.
 */
export async function confirm(shell: Shell, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  const { input } = shell;
  if (!input)
    throw new UsageError('not_confirmed', `${question} Nothing was done`, {
      hint: 'Add --yes to do it.',
    });
  const asking = createInterface({ input, output: process.stderr });
  try {
    const answer = await asking.question(`${question} [y/N] `, { signal: shell.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('not_confirmed', 'Nothing was done');
  } finally {
    asking.close();
  }
}
