import type { Terminal } from './terminal.ts';

/** What every command is given. */
export interface Shell {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The command line, without Node and the file. */
  readonly args: readonly string[];
  /** Where a person answers questions; undefined when none is there. */
  readonly input?: NodeJS.ReadableStream;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Sets the exit code of the process. */
  exit(code: number): void;
}
