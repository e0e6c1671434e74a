import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorAnswer, tooLargeAnswer, type Answer } from './answer.ts';

const gunzipBounded = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** A body beyond the limit is still read this far, so that the client gets its answer and not a reset. */
const DRAIN_BYTES = 64 * 1024 * 1024;

/** The bytes of a request as they came, or undefined beyond `limit`. Throws when the client breaks off or never ends. */
export async function readBody(
  request: IncomingMessage,
  limit: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
    else if (length > limit + DRAIN_BYTES) throw new Error('the request body does not end');
    else chunks.length = 0;
  }
  return length <= limit ? Buffer.concat(chunks, length) : undefined;
}

/**
 * The body before compression, or the answer that refuses it. Mixpanel documents gzip only; what it answers to
 * another encoding, or to a broken stream, is not documented, so the 400 is ours.
 */
export async function decodeBody(
  raw: Buffer | undefined,
  encoding: string | undefined,
  limit: number,
): Promise<Buffer | Answer> {
  if (!raw) return tooLargeAnswer(limit);
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity') return raw;
  if (name !== 'gzip')
    return errorAnswer(400, `Content-Encoding must be gzip or left out, not ${name}`);
  try {
    return await gunzipBounded(raw, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof RangeError) return tooLargeAnswer(limit);
    return errorAnswer(400, `request body is not valid gzip: ${String(error)}`);
  }
}
