import type { SourceKind } from './sources.ts';

/** How many hours before the newest one are listed again, since files may come late. */
export interface LookBack {
  readonly everyPass: number;
  /** Once an hour. Slices of earlier hours need not be remembered. */
  readonly hourly: number;
}

/**
 * Braze tries for five days to write to a bucket that refuses it, and its files still carry the hour they belong to;
 * listing costs money there. A folder costs nothing to list, and is often filled by hand or by a copy that runs late.
 */
export function lookBackOf(kind: SourceKind): LookBack {
  return kind === 'directory' ? { everyPass: 2160, hourly: 2160 } : { everyPass: 3, hourly: 168 };
}
