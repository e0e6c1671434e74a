import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, jsonAnswer, statusText, textAnswer } from '../mixpanel/answer.ts';
import type { FaultRule } from './faults.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the sandbox closes. */
  readonly signal: AbortSignal;
  /** Told what became of the request: a status, `reset` or `stalled`. */
  readonly count: (outcome: string) => void;
}

/** Runs a call and answers it, or what a fault makes of that. */
export async function answerCall(
  exchange: Exchange,
  rule: FaultRule | undefined,
  body: string,
  run: () => Answer,
): Promise<void> {
  switch (rule?.kind) {
    case undefined:
    case 'errors':
      return send(exchange, run());
    case 'status':
      if (rule.when === 'after') run();
      return send(exchange, statusAnswer(rule));
    case 'reset':
      if (rule.when === 'after') run();
      exchange.count('reset');
      exchange.request.socket.resetAndDestroy();
      return undefined;
    case 'stall':
      if (rule.when === 'after') run();
      exchange.count('stalled');
      return untilGone(exchange);
    case 'slow': {
      const answer = run();
      await delay(rule.delayMs, undefined, { signal: exchange.signal });
      return send(exchange, answer);
    }
    case 'echo':
      return send(exchange, echo(exchange.request, rule, body));
  }
}

export function send({ response, count }: Exchange, answer: Answer): void {
  const body = Buffer.from(answer.body as string);
  count(String(answer.status));
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  response.end(body);
}

const TEXTS: Readonly<Record<number, string>> = {
  401: 'Invalid API Key',
  423: 'The resource is locked',
  429: 'Rate limit exceeded',
};

function statusAnswer({ status, headers, body }: FaultRule & { kind: 'status' }): Answer {
  if (typeof body === 'string') return textAnswer(status, body, 'text/plain', headers);
  return jsonAnswer(status, body ?? { message: TEXTS[status] ?? statusText(status) }, headers);
}

function echo(
  request: IncomingMessage,
  { status, form }: FaultRule & { kind: 'echo' },
  body: string,
): Answer {
  const all = `${request.method} ${request.url}\n${request.rawHeaders.join('\n')}\n\n${body}`;
  if (form === 'json') return jsonAnswer(status, { message: all, errors: [all] });
  if (form === 'text') return textAnswer(status, all, 'text/plain');
  const escaped = all
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  return textAnswer(status, `<html><body><pre>${escaped}</pre></body></html>`, 'text/html');
}

/** Until the client gives up or the sandbox closes. */
async function untilGone({ response, signal }: Exchange): Promise<void> {
  if (response.destroyed || signal.aborted) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
