import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { type Answer, jsonAnswer, textAnswer } from './answer.ts';
import { credentialsSchema } from './auth.ts';
import { type CohortBoard, sandboxCohortSchema } from './cohort-board.ts';
import { readBody } from './body.ts';
import { faultScriptSchema } from './faults.ts';
import { distinctEvents } from './query.ts';
import { resetEvents, type SandboxState } from './sandbox.ts';
import { statsOf, statsPage } from './stats.ts';

const MAX_BODY = 1_000_000;
const DEFAULT_LIMIT = 100;

/** Answers a call of the sandbox's own, which needs no credentials; undefined when there is no such call. */
export async function answerControl(
  state: SandboxState,
  cohorts: CohortBoard,
  request: IncomingMessage,
  url: URL,
): Promise<Answer | undefined> {
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /':
      return textAnswer(200, statsPage(readStats(state)), 'text/html; charset=utf-8');
    case 'GET /sandbox/stats':
      return jsonAnswer(200, readStats(state));
    case 'GET /sandbox/events':
      return listEvents(state, url.searchParams);
    case 'DELETE /sandbox/events':
      resetEvents(state);
      return jsonAnswer(200, { status: 'ok' });
    case 'POST /sandbox/faults':
      return takeJson(request, faultScriptSchema, (script) => {
        state.faults.set(script);
        return { status: 'ok', rules: script.length };
      });
    case 'POST /sandbox/credentials':
      return takeJson(request, credentialsSchema, (credentials) => {
        state.credentials = credentials;
        return { status: 'ok' };
      });
    case 'GET /sandbox/cohorts':
      return jsonAnswer(200, cohorts.list());
    case 'POST /sandbox/cohorts':
      return takeJson(request, sandboxCohortSchema, async (cohort) => {
        return { status: 'ok', id: await cohorts.define(cohort) };
      });
    case 'DELETE /sandbox/cohorts':
      return removeCohort(cohorts, url.searchParams.get('id'));
    default:
      return undefined;
  }
}

async function removeCohort(cohorts: CohortBoard, id: string | null): Promise<Answer> {
  if (id !== null && (await cohorts.remove(id))) return jsonAnswer(200, { status: 'ok' });
  return jsonAnswer(404, { error: 'there is no such cohort: give its id as ?id=' });
}

function readStats(state: SandboxState): ReturnType<typeof statsOf> {
  return statsOf(state.store, state.tally, state.faults.hits());
}

function listEvents(state: SandboxState, query: URLSearchParams): Answer {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1)
    return jsonAnswer(400, { error: 'limit must be a whole number from 1 on' });
  const event = query.get('event');
  const filter = event === null ? { limit } : { limit, event };
  return jsonAnswer(200, [...distinctEvents(state.store, state.switches, filter)]);
}

async function takeJson<T>(
  request: IncomingMessage,
  schema: z.ZodType<T>,
  take: (value: T) => unknown,
): Promise<Answer> {
  const body = await readBody(request, MAX_BODY);
  if (!body) return jsonAnswer(413, { error: `the body must be at most ${MAX_BODY} bytes` });
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (error) {
    return jsonAnswer(400, { error: `malformed JSON: ${String(error)}` });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) return jsonAnswer(400, { error: z.prettifyError(parsed.error) });
  return jsonAnswer(200, await take(parsed.data));
}
