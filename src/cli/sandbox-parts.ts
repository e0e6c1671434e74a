import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { UsageError } from '../core/errors.ts';

/** What the commands of all sandboxes have in common. */
export interface SandboxCommand {
  readonly port?: number;
  readonly host?: string;
  /** A JSON file with a fault script. */
  readonly faultsFile?: string;
  /** One JSON object a line instead of prose. */
  readonly json?: boolean;
  /** No lines between the first and the last. */
  readonly quiet?: boolean;
}

export interface Output {
  write(text: string): unknown;
}

const TICK_MS = 1000;

/** The fault script in a file; an empty one without a file. Throws UsageError `bad_fault_script`. */
export async function readScript<T>(
  file: string | undefined,
  schema: z.ZodType<T[]>,
): Promise<T[]> {
  if (file === undefined) return [];
  const hint = 'Give a JSON file with a list of rules, such as [{"kind":"status","status":503}].';
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new UsageError('bad_fault_script', `can't use the fault script ${file}: ${why}`, {
      hint,
      cause: error,
    });
  }
}

/** Starts a sandbox. Throws UsageError `bad_sandbox_options`, `sandbox_not_started`. */
export async function started<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof z.ZodError)
      throw new UsageError('bad_sandbox_options', z.prettifyError(error), { cause: error });
    throw new UsageError('sandbox_not_started', `can't start the sandbox: ${String(error)}`, {
      hint: 'Choose another --port or --host; port 0 takes any free one.',
      cause: error,
    });
  }
}

/** Calls `tick` once a second with what `read` gave then and a second before, until the signal. */
export async function everySecond<T>(
  read: () => T,
  tick: (before: T, now: T) => void,
  signal: AbortSignal,
): Promise<void> {
  let before = read();
  while (!signal.aborted) {
    try {
      await delay(TICK_MS, undefined, { signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const now = read();
    tick(before, now);
    before = now;
  }
}
