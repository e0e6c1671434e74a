import { type DestinationStream, pino } from 'pino';
import type { Log, LogFields } from '../core/log.ts';

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** Takes every secret out of a text. No text reaches the log without it. */
  readonly scrub: (text: string) => string;
  readonly destination: DestinationStream;
}

/** One JSON object a line: `level`, `time` (ISO 8601), `msg`, and the fields. */
export function createLog({ level, scrub, destination }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const clean = (fields: LogFields = {}): LogFields =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? scrub(value) : value,
      ]),
    );
  return {
    info: (message, fields) => logger.info(clean(fields), scrub(message)),
    warn: (message, fields) => logger.warn(clean(fields), scrub(message)),
    error(message, fields, error) {
      const stack = error instanceof Error ? (error.stack ?? error.message) : undefined;
      logger.error(clean({ ...fields, ...(stack === undefined ? {} : { stack }) }), scrub(message));
    },
  };
}

/** What is shorter is no secret that anybody hands out, and would be found in the middle of words. */
const SHORTEST = 6;

/** Keys of cohort imports stand in URLs and are known to nobody: they are found by their shape. */
const IMPORT_KEYS = /sluice_ck_[\w-]{8,}/g;

/** Replaces secrets in texts, also where they were escaped for a URL or for JSON. */
export function createScrubber(): {
  /** The secrets of one owner, in place of those it had. */
  set(owner: string, secrets: readonly string[]): void;
  scrub(text: string): string;
} {
  const owned = new Map<string, readonly string[]>();
  let all: readonly string[] = [];
  return {
    set(owner, secrets) {
      owned.set(owner, secrets);
      const written = [...owned.values()]
        .flat()
        .filter((each) => each.length >= SHORTEST)
        .flatMap((each) => [each, encodeURIComponent(each), JSON.stringify(each).slice(1, -1)]);
      // The longest first: one secret may hold another.
      all = [...new Set(written)].toSorted((a, b) => b.length - a.length);
    },
    scrub: (text) =>
      all.reduce((out, each) => out.replaceAll(each, '***'), text.replaceAll(IMPORT_KEYS, '***')),
  };
}
