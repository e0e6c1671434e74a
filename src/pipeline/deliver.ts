import type { Body, Rejection, Sink } from '../core/sink.ts';
import type { RateLimit } from './rate-limit.ts';
import { type Backoff, backoffMs, DEFAULT_BACKOFF, sleep } from './retry.ts';

export interface RetryInfo {
  /** How often this body has failed. */
  readonly attempt: number;
  readonly detail: string;
  readonly waitMs: number;
}

export interface DeliverOptions {
  readonly signal: AbortSignal;
  /** Aborted: a body that waits to be sent again is given up; one that is on its way is not. */
  readonly drain?: AbortSignal;
  readonly rateLimit?: RateLimit;
  readonly backoff?: Backoff;
  readonly onRetry?: (info: RetryInfo) => void;
  /** Waits until a body of this many bytes may be held in memory; what it gives is called once it is not any more. */
  readonly admit?: (bytes: number, signal: AbortSignal) => Promise<() => void>;
  /** The lines are packed and may be overwritten. */
  readonly onPacked?: () => void;
}

/** A rejection with the event as it was sent, without the line end. */
export interface RejectedEvent extends Rejection {
  readonly event: Uint8Array;
}

export type Delivery = { readonly requests: number; readonly bytesSent: number } & (
  | { readonly kind: 'settled'; readonly rejections: readonly RejectedEvent[] }
  | { readonly kind: 'halt'; readonly detail: string }
);

/**
 * Brings JSON lines to the sink for good: tries the same body again for as long as it is not taken, and halves one
 * that is refused as a whole until the events at fault stand alone. Rejects only when a signal is aborted.
 */
export async function deliver(
  sink: Sink,
  lines: Uint8Array,
  events: number,
  options: DeliverOptions,
): Promise<Delivery> {
  if (events === 0) {
    options.onPacked?.();
    return { kind: 'settled', rejections: [], requests: 0, bytesSent: 0 };
  }
  const body = await sink.pack(lines, events);
  options.onPacked?.();
  const release = await options.admit?.(body.wire.length, options.signal);
  try {
    return await deliverBody(sink, body, 0, options);
  } finally {
    release?.();
  }
}

async function deliverBody(
  sink: Sink,
  body: Body,
  first: number,
  options: DeliverOptions,
): Promise<Delivery> {
  const { signal, drain } = options;
  for (let attempt = 1; ; attempt++) {
    await options.rateLimit?.take(body.events, body.bytes, signal);
    const answer = await sink.send(body, signal);
    const spent = { requests: attempt, bytesSent: attempt * body.wire.length };
    switch (answer.kind) {
      case 'settled': {
        if (answer.rejections.length === 0) return { kind: 'settled', rejections: [], ...spent };
        const all = splitLines(await sink.unpack(body));
        const rejections = answer.rejections.map((each) => ({
          ...each,
          index: first + each.index,
          event: Buffer.from(all[each.index]!),
        }));
        return { kind: 'settled', rejections, ...spent };
      }
      case 'halt':
        return { kind: 'halt', detail: answer.detail, ...spent };
      case 'split': {
        if (body.events === 1) {
          const event = Buffer.from(splitLines(await sink.unpack(body))[0]!);
          const { cause, detail } = answer;
          return {
            kind: 'settled',
            rejections: [{ index: first, cause, detail, event }],
            ...spent,
          };
        }
        return deliverHalves(sink, body, first, options, spent);
      }
      case 'retry': {
        const waitMs = backoffMs(attempt, options.backoff ?? DEFAULT_BACKOFF, answer.afterMs);
        options.onRetry?.({ attempt, detail: answer.detail, waitMs });
        await sleep(waitMs, drain ? AbortSignal.any([signal, drain]) : signal);
        break;
      }
    }
  }
}

async function deliverHalves(
  sink: Sink,
  body: Body,
  first: number,
  options: DeliverOptions,
  spent: { requests: number; bytesSent: number },
): Promise<Delivery> {
  const lines = await sink.unpack(body);
  const middle = Math.ceil(body.events / 2);
  const cut = offsetOfLine(lines, middle);
  const halves = [
    { lines: lines.subarray(0, cut), events: middle, first },
    { lines: lines.subarray(cut), events: body.events - middle, first: first + middle },
  ];
  const rejections: RejectedEvent[] = [];
  let { requests, bytesSent } = spent;
  for (const half of halves) {
    const packed = await sink.pack(half.lines, half.events);
    const delivery = await deliverBody(sink, packed, half.first, options);
    requests += delivery.requests;
    bytesSent += delivery.bytesSent;
    if (delivery.kind === 'halt') return { ...delivery, requests, bytesSent };
    rejections.push(...delivery.rejections);
  }
  return { kind: 'settled', rejections, requests, bytesSent };
}

function offsetOfLine(lines: Uint8Array, line: number): number {
  let offset = 0;
  for (let i = 0; i < line; i++) offset = lines.indexOf(0x0a, offset) + 1;
  return offset;
}

function splitLines(lines: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  let start = 0;
  for (;;) {
    const end = lines.indexOf(0x0a, start);
    if (end < 0) break;
    out.push(lines.subarray(start, end));
    start = end + 1;
  }
  return out;
}
