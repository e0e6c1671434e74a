import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';

/** Why a body was not taken in. `gone`: the client left before its end. */
export type ReceiveFailure = 'too_large' | 'busy' | 'bad_gzip' | 'gone';

export type Received =
  | { readonly body: Buffer }
  | { readonly failure: ReceiveFailure; readonly bytes: number };

/** Memory for bodies on their way, shared by all requests. */
export interface Budget {
  /** False when there is not so much left. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createBudget(bytes: number): Budget {
  let left = bytes;
  return {
    take(n) {
      if (n > left) return false;
      left -= n;
      return true;
    },
    give(n) {
      left += n;
    },
  };
}

const GUNZIP_CHUNK_BYTES = 64 * 1024;

/**
 * Reads a body, unpacked, up to a bound on either size. Of a body that is refused the rest is left to Node, which
 * reads and drops it, so that a client that writes before it reads gets to see the answer.
 * A whole body stays counted in the budget until the caller gives it back.
 */
export function receive(
  request: IncomingMessage,
  isGzip: boolean,
  maxBytes: number,
  budget: Budget,
): Promise<Received> {
  return new Promise((resolve) => {
    const gunzip = isGzip ? createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES }) : undefined;
    const plain = gunzip ?? request;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let taken = 0;
    let wireBytes = 0;

    const onWire = (chunk: Buffer): void => {
      wireBytes += chunk.length;
      if (wireBytes > maxBytes) fail('too_large');
    };
    const onChunk = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail('too_large');
      else if (!budget.take(chunk.length)) fail('busy');
      else {
        taken += chunk.length;
        chunks.push(chunk);
      }
    };
    const onEnd = (): void => {
      leave();
      resolve({ body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes) });
    };
    const onBadGzip = (): void => fail('bad_gzip');
    const onClose = (): void => {
      if (!request.readableEnded) fail('gone');
    };
    const leave = (): void => {
      request.off('data', onWire);
      request.off('close', onClose);
      plain.off('data', onChunk);
      plain.off('end', onEnd);
      if (!gunzip) return;
      request.unpipe(gunzip);
      gunzip.destroy();
    };
    const fail = (failure: ReceiveFailure): void => {
      leave();
      budget.give(taken);
      request.resume();
      resolve({ failure, bytes });
    };

    // Whatever ends it also closes it.
    request.on('error', () => undefined);
    if (request.destroyed) {
      onClose();
      return;
    }
    request.on('close', onClose);
    if (gunzip) {
      gunzip.on('error', onBadGzip);
      request.on('data', onWire);
      request.pipe(gunzip);
    }
    plain.on('data', onChunk);
    plain.on('end', onEnd);
  });
}
