import { type BrazeUser, type CohortChange, type CohortSink } from '../../src/core/cohorts.ts';
import type { Answer } from '../../src/core/sink.ts';
import type { BrazeSandboxOptions } from '../../src/sandbox/braze-rest/options.ts';
import { type BrazeSandbox, startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { COHORT, linesOf } from '../contracts/cohort-sink.ts';

/** Runs `work` with a sandbox in which everybody exists unless told otherwise. */
export async function withBraze<T>(
  work: (sandbox: BrazeSandbox) => Promise<T>,
  options: BrazeSandboxOptions = {},
): Promise<T> {
  const sandbox = await startBrazeSandbox({ existing: 'all', ...options });
  try {
    return await work(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** Sends the changes as one body, once. */
export async function sendOnce(
  sink: CohortSink,
  changes: readonly CohortChange[],
  cohort = COHORT,
): Promise<Answer> {
  const body = await sink.pack(linesOf(changes, cohort), changes.length);
  return sink.send(body, AbortSignal.timeout(20_000));
}

/** Users `u0`, `u1` and so on, entering. */
export function entering(n: number): CohortChange[] {
  return Array.from({ length: n }, (_, i) => ({
    user: { kind: 'external_id', id: `u${i}` } satisfies BrazeUser,
    member: true,
  }));
}
