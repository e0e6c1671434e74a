import type { Readable } from 'node:stream';
import { SluiceError } from '../core/errors.ts';

export interface StoredObject {
  readonly key: string;
  /** ETag or generation: what a read is made conditional on. */
  readonly version: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
}

export interface Query {
  readonly prefix: string;
  /** Only keys behind this one are wanted. */
  readonly after?: string;
  /** One level: objects directly under the prefix, and the folders there. */
  readonly folders?: boolean;
  /** Entries a page, where fewer than the store's own bound will do. */
  readonly limit?: number;
}

/** One answer of a listing, in the order of the keys' UTF-8 bytes. */
export interface Page {
  readonly objects: readonly StoredObject[];
  /** Whole keys up to and with the `/`, where the query asks for one level. */
  readonly folders: readonly string[];
  /** Where the next page goes on; none: this was the last. */
  readonly next?: string;
}

/** What a vendor's store does for us: one page, and the bytes of one object. Both throw {@link StoreError}. */
export interface ObjectStore {
  /** Whether `after` spares the store the keys before it. Where it doesn't, they may come all the same. */
  readonly startsAfter: boolean;
  page(query: Query, token: string | undefined, signal: AbortSignal): Promise<Page>;
  /** The bytes of this very version from a byte on; fails with `gone` or `changed` when there is another. */
  read(
    object: Pick<StoredObject, 'key' | 'version'>,
    from: number,
    signal: AbortSignal,
  ): Promise<Readable>;
  close(): void;
}

/**
 * `gone`, `changed`: of one object. `denied`: the credentials are known, but not allowed this. `temporary`: worth another
 * try. `refused`: nothing of the whole store can be had until a person has mended it.
 */
export type Fault = 'gone' | 'changed' | 'denied' | 'temporary' | 'refused';

/** Why a store did not give what it was asked for. Its texts hold no secret. */
export class StoreError extends SluiceError {
  readonly fault: Fault;

  constructor(fault: Fault, code: string, message: string, hint?: string) {
    super(code, message, hint === undefined ? {} : { hint });
    this.fault = fault;
  }
}

const NO_TRUST = /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|ERR_TLS|ERR_SSL/;
const NO_ANSWER =
  /^(?:ECONN\w+|EPIPE|EPROTO|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|E(?:HOST|NET)(?:UNREACH|DOWN)|UND_ERR_\w+|HPE_\w+|ERR_STREAM_PREMATURE_CLOSE|TimeoutError|REQUEST_SEND_ERROR)$/;

/** What an error of the network means; undefined when it is none. */
export function networkFault(error: unknown): StoreError | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const code = (each as NodeJS.ErrnoException).code ?? each.name;
    if (NO_TRUST.test(code))
      return new StoreError(
        'refused',
        'untrusted_certificate',
        `The store's certificate is not trusted (${code})`,
        'Check the endpoint; for a private authority set NODE_EXTRA_CA_CERTS.',
      );
    if (NO_ANSWER.test(code))
      return new StoreError(
        'temporary',
        'temporarily_unavailable',
        `the store can't be reached (${code})`,
        code === 'ENOTFOUND'
          ? 'Check the endpoint and the name server. The next poll tries again.'
          : undefined,
      );
  }
  return undefined;
}

/** Whether the store only fails for now: too many requests, or a fault of its own. */
export function isTemporary(status: number | undefined): boolean {
  return status === 408 || status === 429 || (status !== undefined && status >= 500);
}

/** A vendor's words, fit for an error: one line, no query of a URL (where signatures stand), none of these secrets. */
export function quote(text: string, secrets: readonly (string | undefined)[] = []): string {
  const [line = ''] = text.trim().split('\n');
  return secrets
    .filter((each) => each !== undefined && each !== '')
    .reduce<string>((out, each) => out.replaceAll(each!, '***'), line.replaceAll(/\?\S+/g, '?…'))
    .slice(0, 300);
}
