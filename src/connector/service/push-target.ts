import { hash } from 'node:crypto';
import type { ConnectionSpec } from '../connection.ts';

/** What the inbox must know of a connection to take its pushes. */
export interface PushTarget {
  /** SHA-256 of the Bearer token. */
  readonly tokenDigest: Buffer;
}

/** Undefined when the connection's source is not the inbox. */
export function pushTargetOf({ source }: ConnectionSpec): PushTarget | undefined {
  return source.kind === 'inbox'
    ? { tokenDigest: hash('sha256', source.token, 'buffer') }
    : undefined;
}
