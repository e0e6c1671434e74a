/** What the sinks that speak HTTP do alike with answers and faults. */

/** Answers that name 2,000 failed records are long, but not longer than this. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const MAX_DETAIL = 500;
/** Whatever a destination asks for, nobody waits longer than this before trying again. */
const MAX_WAIT_MS = 10 * 60_000;

/** The text of an answer. Throws an error with a code, as the network does, when it is too long. */
export async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    if (size > MAX_ANSWER_BYTES)
      throw Object.assign(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`), {
        code: 'ANSWER_TOO_LONG',
      });
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Faults of the network and of TLS carry a code; anything else is a fault of ours, which trying again would hide. */
export function isNetworkFault(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === 'string';
}

export function networkDetail(error: unknown, host: string): string {
  const { code, message } = error as { code?: string; message?: string };
  const words: Record<string, string> = {
    ECONNREFUSED: 'it refuses connections',
    ECONNRESET: 'the connection was reset',
    ENOTFOUND: 'its name is not known',
    EAI_AGAIN: 'its name could not be looked up',
    UND_ERR_SOCKET: 'the connection broke off',
    UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
    UND_ERR_BODY_TIMEOUT: 'its answer did not end in time',
    UND_ERR_CONNECT_TIMEOUT: 'no connection could be made in time',
  };
  return `${host}: ${words[code ?? ''] ?? message ?? String(error)}.`;
}

/** The JSON object that a text is; undefined when it is something else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Milliseconds that a Retry-After header asks for, within bounds; undefined when there is none of use. */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return boundedWait(ms);
}

export function boundedWait(ms: number): number | undefined {
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_WAIT_MS) : undefined;
}

/** A proxy answers in HTML; its tags help nobody. */
export function plainText(text: string): string {
  return text
    .slice(0, 4000)
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

export function cut(text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}
