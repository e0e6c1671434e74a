import type { Answer, Rejection } from '../core/sink.ts';
import { cut, parseObject, plainText, readRetryAfter, sentence } from './http.ts';
import type { Scrub } from './scrub.ts';

/** What came back over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  /** Value of the Retry-After header. */
  readonly retryAfter: string | undefined;
  readonly body: string;
}

interface ImportBody {
  readonly error?: unknown;
  readonly status?: unknown;
  readonly num_records_imported?: unknown;
  readonly failed_records?: unknown;
}

/**
 * What an answer of /import means for a body of `events` events. Never looks at message texts, which Mixpanel does not
 * promise. In strict mode a 400 with failed_records has ingested the rest, so it is settled and never sent again.
 * `now`: wall clock in milliseconds, for Retry-After dates. `scrub`: takes the secrets out of a text.
 */
export function readAnswer(
  answer: HttpAnswer,
  events: number,
  now: number,
  scrub: Scrub = (text) => text,
): Answer {
  const { status } = answer;
  const body = parseObject(answer.body) as ImportBody | undefined;
  const detail = describe(status, body, answer.body, scrub);
  if (status === 200) {
    // Whoever answered, it was not Mixpanel: a proxy, or a portal that wants a sign-in.
    if (body === undefined)
      return { kind: 'retry', detail: `${detail} That is not Mixpanel's answer.` };
    const failed = body.failed_records;
    if (!refusesInWords(body) && (!Array.isArray(failed) || failed.length === 0))
      return settledUnlessShort([], body, events);
  }
  if (status === 200 || status === 400) {
    const rejections = readRejections(body?.failed_records, events, scrub);
    if (rejections) return settledUnlessShort(rejections, body, events);
    return { kind: 'split', cause: 'rejected_by_mixpanel', detail };
  }
  if (status === 413) return { kind: 'split', cause: 'too_large_for_mixpanel', detail };
  if (status === 429 || status === 408 || status >= 500) {
    const afterMs = readRetryAfter(answer.retryAfter, now);
    return afterMs === undefined ? { kind: 'retry', detail } : { kind: 'retry', detail, afterMs };
  }
  return { kind: 'halt', detail: `${detail} ${adviceFor(status)}` };
}

/** The older form of the API says no with status 200. */
function refusesInWords({ error, status }: ImportBody): boolean {
  return status === 0 || (typeof error === 'string' && error !== '');
}

function settledUnlessShort(
  rejections: readonly Rejection[],
  body: ImportBody | undefined,
  events: number,
): Answer {
  const imported = body?.num_records_imported;
  const expected = events - rejections.length;
  // Some are not in, and nothing says which: halves find them. Sending the others again is harmless.
  if (typeof imported === 'number' && imported < expected)
    return {
      kind: 'split',
      cause: 'not_taken_by_mixpanel',
      detail: `Mixpanel took ${imported} of ${expected} events without a word about the rest`,
    };
  return { kind: 'settled', rejections };
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403)
    return 'Check the credentials, the project and the region; a service account needs the role Admin or Owner.';
  if (status === 404) return 'Check the base URL.';
  if (status >= 300 && status < 400)
    return 'It redirects elsewhere: check the base URL and the region.';
  return 'Mixpanel documents no such answer.';
}

/** The failed records, when every one names an event of the body; undefined when they can't be used. */
function readRejections(failed: unknown, events: number, scrub: Scrub): Rejection[] | undefined {
  if (!Array.isArray(failed) || failed.length === 0) return undefined;
  const byIndex = new Map<number, Rejection>();
  for (const each of failed as unknown[]) {
    if (typeof each !== 'object' || each === null) return undefined;
    const { index, field, message } = each as {
      index?: unknown;
      field?: unknown;
      message?: unknown;
    };
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= events)
      return undefined;
    const words = [field, message]
      .filter((part) => typeof part === 'string' && part !== '')
      .join(': ');
    const at = index as number;
    byIndex.set(at, {
      index: at,
      cause: 'rejected_by_mixpanel',
      detail: cut(scrub(words) || 'no reason given'),
    });
  }
  return [...byIndex.values()].toSorted((a, b) => a.index - b.index);
}

// Scrubbed before anything is cut: half a secret is not found any more.
function describe(
  status: number,
  body: ImportBody | undefined,
  text: string,
  scrub: Scrub,
): string {
  const words = typeof body?.error === 'string' ? scrub(body.error) : plainText(scrub(text));
  return sentence(cut(words === '' ? `HTTP ${status}` : `HTTP ${status}: ${words}`));
}
