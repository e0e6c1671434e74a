import type { Answer, Rejection } from '../core/sink.ts';
import { type Advice, describeReply, isSuccess, readRefusal } from './braze-answer.ts';
import type { BrazeReply } from './braze-client.ts';
import { REFUSED, REFUSED_FOR_GOOD } from './cohort-lines.ts';
import { cut, parseObject } from './http.ts';
import type { Scrub } from './scrub.ts';

export const TRACK_ADVICE: Advice = {
  401: 'Wrong key or wrong instance: a key belongs to one workspace, and a workspace to one instance.',
  403: 'The key lacks the permission users.track, or the contract does not allow it.',
  404: 'Check the REST endpoint of the instance.',
};

/** `unclear`: it was taken perhaps, and nothing says which part of it was not. */
export type TrackAnswer = Answer | { readonly kind: 'unclear'; readonly detail: string };

/**
 * What an answer of /users/track means for a request of `lines.length` objects; `lines`: of each, its line in the body.
 * A success may carry `errors`: those objects were not taken, the others were. A 400 may carry them too, when no object
 * was valid.
 */
export function readTrackAnswer(
  reply: BrazeReply,
  lines: readonly number[],
  scrub: Scrub,
): TrackAnswer {
  const body = parseObject(reply.body);
  const { rejections, hasOthers } = readErrors(body?.['errors'], lines, scrub);
  const isWhole = rejections.length === lines.length;
  if (isSuccess(reply)) {
    const detail = describeReply(reply, scrub);
    // Whoever answered, it was not Braze: a proxy, or a portal that wants a sign-in.
    if (!body) return { kind: 'retry', detail: `${detail} That is not Braze's answer.` };
    if (isWhole) return { kind: 'settled', rejections };
    if (hasOthers || body['message'] !== 'success') return { kind: 'unclear', detail };
    return { kind: 'settled', rejections };
  }
  if (reply.status === 400 && isWhole) return { kind: 'settled', rejections };
  return readRefusal(reply, TRACK_ADVICE, scrub);
}

interface Errors {
  /** Of each object that an error names, the last one. */
  readonly rejections: readonly Rejection[];
  /** There are errors that name no object of the request. */
  readonly hasOthers: boolean;
}

function readErrors(errors: unknown, lines: readonly number[], scrub: Scrub): Errors {
  const byLine = new Map<number, Rejection>();
  let hasOthers = false;
  for (const each of Array.isArray(errors) ? (errors as unknown[]) : []) {
    const { type, input_array: array, index } = (each ?? {}) as Record<string, unknown>;
    const line = Number.isInteger(index) ? lines[index as number] : undefined;
    if (line === undefined || (array !== undefined && array !== 'attributes')) {
      hasOthers = true;
      continue;
    }
    const words = typeof type === 'string' && type !== '' ? scrub(type) : 'no reason given';
    const cause = isAboutIdentity(words) ? REFUSED_FOR_GOOD : REFUSED;
    byLine.set(line, { index: line, cause, detail: cut(words) });
  }
  return { rejections: [...byLine.values()].toSorted((a, b) => a.index - b.index), hasOthers };
}

/** Braze names its errors by texts alone, such as `'external_id' must be fewer than 988 bytes`. */
function isAboutIdentity(text: string): boolean {
  return /external_?(user_)?id|braze_id|user_?alias|alias_(name|label)|'email'/i.test(text);
}
