import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { WebhookBody } from './cohort-plan.ts';

/** Where cohorts are sent. The address may hold a key: it is not shown to anyone. */
export const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** For Basic auth. */
  username: z.string().optional(),
  password: z.string().optional(),
});

export type Webhook = z.output<typeof webhookSchema>;

/** `refused`: Mixpanel pauses the sync. `failed`: it tries again. */
export type CallOutcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused' | 'failed'; readonly why: string };

/** By Mixpanel's documents: no error that passes by itself. */
const PAUSING = new Set([400, 401, 403, 404]);
const RETRIES = 5;
const RETRY_SPAN_MS = 60_000;
const MAX_WHY = 300;

const answerSchema = z.object({
  action: z.string(),
  status: z.enum(['success', 'failure']),
  error: z.object({ message: z.string(), code: z.number() }).optional(),
});

export interface CallOptions {
  /** How long to wait for an answer, in milliseconds. Mixpanel does not say how long it waits. */
  readonly timeoutMs: number;
  /** What the waits between tries are multiplied by; 1 is 60 seconds in all. */
  readonly timeScale: number;
  readonly signal: AbortSignal;
}

/** One page, tried up to six times within a minute. Rejects only when the signal is aborted. */
export async function callWebhook(
  webhook: Webhook,
  body: WebhookBody,
  options: CallOptions,
): Promise<CallOutcome> {
  const text = JSON.stringify(body);
  for (let retry = 0; ; retry++) {
    const outcome = await callOnce(webhook, text, body.action, options);
    if (outcome.kind !== 'failed' || retry === RETRIES) return outcome;
    const share = 2 ** retry / (2 ** RETRIES - 1);
    await delay(RETRY_SPAN_MS * share * options.timeScale, undefined, { signal: options.signal });
  }
}

async function callOnce(
  webhook: Webhook,
  body: string,
  action: string,
  { timeoutMs, signal }: CallOptions,
): Promise<CallOutcome> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json', ...authorization(webhook) },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    ({ status } = response);
    text = await response.text();
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'failed', why: `no answer: ${reasonOf(error)}` };
  }
  return judge(status, text, action);
}

/** Not the whole error, which may name the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.name;
}

function authorization({ username, password }: Webhook): Record<string, string> {
  if (username === undefined && password === undefined) return {};
  const both = Buffer.from(`${username ?? ''}:${password ?? ''}`);
  return { authorization: `Basic ${both.toString('base64')}` };
}

function judge(status: number, text: string, action: string): CallOutcome {
  const answer = answerOf(text);
  const told = answer?.error?.message.slice(0, MAX_WHY);
  if (status < 200 || status > 299) {
    const why = told === undefined ? `HTTP ${status}` : `HTTP ${status}: ${told}`;
    return { kind: PAUSING.has(status) ? 'refused' : 'failed', why };
  }
  if (!answer)
    return {
      kind: 'failed',
      why: 'the answer is not {"action", "status": "success" or "failure"}',
    };
  if (answer.action !== action)
    return { kind: 'failed', why: `the answer is to ${answer.action}, the call was ${action}` };
  if (answer.status === 'success') return { kind: 'taken' };
  // What counts when the status of HTTP says otherwise is not documented; the answer's own code is the more exact.
  const code = answer.error?.code ?? 500;
  return {
    kind: PAUSING.has(code) ? 'refused' : 'failed',
    why: `${code}: ${told ?? 'no message'}`,
  };
}

function answerOf(text: string): z.output<typeof answerSchema> | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
