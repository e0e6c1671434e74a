import { type Answer, jsonAnswer } from './answer.ts';
import { exportLine, presentEvent } from './present.ts';
import type { EventStore } from './store.ts';
import type { Switches } from './switches.ts';

const MAX_LIMIT = 100_000;
const DAY_MS = 86_400_000;
/** Lines are sent in pieces of about this many characters. */
const PIECE = 65_536;

function badRequest(error: string): Answer {
  return jsonAnswer(400, { request: '/api/2.0/export', error });
}

function dayOf(text: string | null): number | undefined {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  // A day that does not exist may still parse, as one of the next month.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? undefined : ms;
}

function namesOf(text: string | null): Set<string> | undefined | 'invalid' {
  if (text === null) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    return 'invalid';
  }
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return 'invalid';
  return new Set(names);
}

/**
 * The raw export: every stored event of the days `from_date` to `to_date` (UTC, inclusive), repeats included, one
 * JSON object a line. `where` is refused rather than ignored.
 */
export function exportEvents(
  store: EventStore,
  switches: Switches,
  query: URLSearchParams,
): Answer {
  const from = dayOf(query.get('from_date'));
  const to = dayOf(query.get('to_date'));
  if (from === undefined || to === undefined)
    return badRequest('from_date and to_date must be days as yyyy-mm-dd');
  if (from > to) return badRequest('from_date must not be after to_date');
  const limit = query.has('limit') ? Number(query.get('limit')) : Number.MAX_VALUE;
  if (query.has('limit') && (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT))
    return badRequest(`limit must be a whole number from 1 to ${MAX_LIMIT}`);
  const wanted = namesOf(query.get('event'));
  if (wanted === 'invalid') return badRequest('event must be a JSON array of event names');
  if (query.has('where')) return badRequest('where is not supported by the sandbox');
  const names = wanted;
  const unit = query.get('time_in_ms') === 'true' ? 'milliseconds' : 'seconds';

  async function* body(): AsyncGenerator<string> {
    let piece = '';
    let left = limit;
    for (const stored of store.events(from, to! + DAY_MS)) {
      if (left === 0) break;
      const shown = presentEvent(stored, switches);
      if (names && !names.has(shown.event)) continue;
      left--;
      piece += exportLine(stored, shown, unit);
      if (piece.length < PIECE) continue;
      yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
  }
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: body() };
}

/** The same answer, cut after some lines by the bare text with which Mixpanel ends an export that fails midway. */
export function terminateExport(answer: Answer, lines: number): Answer {
  const { body } = answer;
  if (typeof body === 'string') return answer;
  async function* cut(pieces: AsyncIterable<string>): AsyncGenerator<string> {
    let left = lines;
    for await (const piece of pieces) {
      for (const line of piece.split('\n').slice(0, -1)) {
        if (left-- > 0) yield `${line}\n`;
      }
      if (left <= 0) break;
    }
    yield 'export terminated early\n';
  }
  return { ...answer, body: cut(body) };
}
