import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { type Answer, errorAnswer, jsonAnswer, statusText, textAnswer } from './answer.ts';
import { rateLimitedAnswer, tooLargeAnswer, unauthorizedAnswer } from './answer.ts';
import { terminateExport } from './export.ts';
import type { FaultRule } from './faults.ts';
import type { Failure } from './validate.ts';

/** A stream is compressed beyond this many bytes, when the client takes gzip. */
const GZIP_FROM = 1400;

/** Does what the request asks for. `refuse` lets a fault fail single events. */
export type Run = (refuse?: (index: number) => Failure | undefined) => Answer;

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the sandbox closes. */
  readonly signal: AbortSignal;
  /** Told what became of the request: a status, `reset` or `stalled`. */
  readonly count: (outcome: string) => void;
}

/** Runs a request and answers it, or what a fault makes of that. */
export async function deliver(
  exchange: Exchange,
  rule: FaultRule | undefined,
  run: Run,
): Promise<void> {
  switch (rule?.kind) {
    case undefined:
      return send(exchange, run());
    case 'status':
      if (rule.when === 'after') run();
      return send(exchange, statusAnswer(rule));
    case 'reset':
      if (rule.when === 'middle') return sendHalf(exchange, run());
      if (rule.when === 'after') run();
      exchange.count('reset');
      exchange.request.socket.resetAndDestroy();
      return undefined;
    case 'stall':
      if (rule.when === 'after') run();
      exchange.count('stalled');
      return untilGone(exchange);
    case 'slow':
      return sendSlowly(exchange, run(), rule.delayMs, rule.trickleMs);
    case 'partial':
      return send(
        exchange,
        run((index) => (index % rule.every === 0 ? rule : undefined)),
      );
    case 'bad-json':
      if (rule.when === 'after') run();
      return send(exchange, textAnswer(200, '{"code":200,"num_rec', 'application/json'));
    case 'reject-batch':
      return send(exchange, rejectedBatch(rule.records));
    case 'limit':
      return send(exchange, tooLargeAnswer(rule.maxBytes ?? 2_097_152));
    case 'terminate-export':
      return send(exchange, terminateExport(run(), rule.afterLines));
  }
}

function statusAnswer(rule: FaultRule & { kind: 'status' }): Answer {
  const { status, headers, body } = rule;
  if (rule.html) {
    const page = `<html><head><title>${status} ${statusText(status)}</title></head><body><h1>${status} ${statusText(status)}</h1></body></html>\n`;
    return textAnswer(status, page, 'text/html', headers);
  }
  if (typeof body === 'string') return textAnswer(status, body, 'text/plain', headers);
  if (body !== undefined) return jsonAnswer(status, body, headers);
  const known: Record<number, () => Answer> = { 401: unauthorizedAnswer, 429: rateLimitedAnswer };
  const answer = known[status]?.() ?? errorAnswer(status, statusText(status));
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function rejectedBatch(records: 'none' | 'empty' | 'strings'): Answer {
  const failed = { none: undefined, empty: [], strings: ['the batch was refused'] }[records];
  return errorAnswer(400, 'some data points in the request failed validation', {
    num_records_imported: 0,
    ...(failed && { failed_records: failed }),
  });
}

async function send(exchange: Exchange, answer: Answer): Promise<void> {
  const { response } = exchange;
  exchange.count(String(answer.status));
  if (typeof answer.body !== 'string') return sendStream(exchange, answer, answer.body);
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  response.end(body);
  return undefined;
}

async function sendStream(
  { request, response }: Exchange,
  { status, headers }: Answer,
  body: AsyncIterable<string>,
): Promise<void> {
  const pieces = body[Symbol.asyncIterator]();
  let head = '';
  while (Buffer.byteLength(head) <= GZIP_FROM) {
    const next = await pieces.next();
    if (next.done) break;
    head += next.value;
  }
  async function* all(): AsyncGenerator<string> {
    if (head !== '') yield head;
    for (;;) {
      const next = await pieces.next();
      if (next.done) return;
      yield next.value;
    }
  }
  const stream = Readable.from(all(), { objectMode: false });
  const accepted = request.headers['accept-encoding'] ?? '';
  const isGzip = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accepted);
  if (isGzip && Buffer.byteLength(head) > GZIP_FROM) {
    response.writeHead(status, { ...headers, 'content-encoding': 'gzip' });
    return pipeline(stream, createGzip({ level: 1 }), response);
  }
  response.writeHead(status, headers);
  return pipeline(stream, response);
}

async function textOf(body: Answer['body']): Promise<Buffer> {
  if (typeof body === 'string') return Buffer.from(body);
  let text = '';
  for await (const piece of body) text += piece;
  return Buffer.from(text);
}

async function sendHalf(exchange: Exchange, answer: Answer): Promise<void> {
  const body = await textOf(answer.body);
  const { response, request } = exchange;
  exchange.count('reset');
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  response.write(body.subarray(0, body.length / 2), () => request.socket.destroySoon());
}

async function sendSlowly(
  exchange: Exchange,
  answer: Answer,
  delayMs: number,
  trickleMs: number | undefined,
): Promise<void> {
  const { response, signal } = exchange;
  await delay(delayMs, undefined, { signal });
  if (trickleMs === undefined) return send(exchange, answer);
  const body = await textOf(answer.body);
  exchange.count(String(answer.status));
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  for (let at = 0; at < body.length && !response.destroyed; at++) {
    response.write(body.subarray(at, at + 1));
    await delay(trickleMs, undefined, { signal });
  }
  response.end();
  return undefined;
}

/** Until the client gives up or the sandbox closes. */
async function untilGone({ response, signal }: Exchange): Promise<void> {
  if (response.destroyed || signal.aborted) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
