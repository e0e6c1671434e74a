import type { Answer } from '../core/sink.ts';
import type { BrazeReply } from './braze-client.ts';
import { REFUSED } from './cohort-lines.ts';
import { cut, parseObject, plainText, sentence } from './http.ts';
import type { Scrub } from './scrub.ts';

/** What a person can do about an answer, by status. */
export type Advice = Readonly<Record<number, string>>;

/** `HTTP 401: Invalid API Key.` Scrubbed before anything is cut: half a secret is not found any more. */
export function describeReply({ status, body }: BrazeReply, scrub: Scrub): string {
  const object = parseObject(body);
  const message = object?.['message'];
  const words =
    typeof message === 'string' && message !== '' ? scrub(message) : plainText(scrub(body));
  return sentence(cut(words === '' ? `HTTP ${status}` : `HTTP ${status}: ${words}`));
}

/** What an answer means for a request as a whole, when Braze took nothing of it: any status but 2xx. */
export function readRefusal(reply: BrazeReply, advice: Advice, scrub: Scrub): Answer {
  const { status, afterMs } = reply;
  const detail = describeReply(reply, scrub);
  if (status === 400 || status === 413) return { kind: 'split', cause: REFUSED, detail };
  if ([408, 423, 429].includes(status) || status >= 500)
    return afterMs === undefined ? { kind: 'retry', detail } : { kind: 'retry', detail, afterMs };
  const known = advice[status] ?? (status >= 300 && status < 400 ? REDIRECTED : UNKNOWN);
  return { kind: 'halt', detail: `${detail} ${known}` };
}

const REDIRECTED = 'It redirects elsewhere: check the REST endpoint.';
const UNKNOWN = 'Braze documents no such answer.';

export function isSuccess({ status }: BrazeReply): boolean {
  return status >= 200 && status < 300;
}

/** Tries credentials: `ok` when Braze took the request, or refused nothing but its contents. */
export function readCheck(
  reply: BrazeReply | (Answer & { kind: 'retry' }),
  advice: Advice,
  accepted: readonly number[],
  scrub: Scrub,
): { ok: boolean; detail: string } {
  if (reply.kind === 'retry') return { ok: false, detail: reply.detail };
  if (isSuccess(reply) || accepted.includes(reply.status))
    return { ok: true, detail: 'Braze accepts the credentials.' };
  const answer = readRefusal(reply, advice, scrub);
  return { ok: false, detail: 'detail' in answer ? answer.detail : `HTTP ${reply.status}.` };
}
