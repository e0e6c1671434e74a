import type * as Api from '../src/api.ts';
import { type Answer, type Call, missing, ok, pageOf } from './answer.ts';
import type { World } from './world.ts';

export function deadLetters(world: World, { method, query, body }: Call, [what]: string[]): Answer {
  const wanted = (letter: Api.DeadLetter) =>
    ['connection', 'cause', 'eventType'].every((key) => {
      const value = query.get(key);
      return value === null || letter[key as 'cause'] === value;
    });
  if (what === 'groups') return ok({ items: groupsOf(world.letters.filter(wanted)) });
  if (what === 'retry') return ok(retry(world, body));
  if (what === 'export')
    return {
      status: 200,
      type: 'application/x-ndjson',
      body: world.letters
        .filter(wanted)
        .map((each) => `${JSON.stringify(each)}\n`)
        .join(''),
    };
  if (what !== undefined) {
    const found = world.letters.find(({ id }) => id === Number(what));
    return found ? ok(found) : missing;
  }
  return method === 'GET' ? ok(pageOf(world.letters.filter(wanted), query)) : missing;
}

function groupsOf(letters: readonly Api.DeadLetter[]): Api.DeadLetterGroup[] {
  const groups = new Map<string, Api.DeadLetterGroup>();
  for (const { connection, cause, eventType, advice, at } of letters) {
    const key = `${connection} ${cause} ${eventType}`;
    const old = groups.get(key);
    groups.set(key, {
      connection,
      cause,
      eventType,
      advice,
      n: (old?.n ?? 0) + 1,
      newestAt: old && old.newestAt > at ? old.newestAt : at,
    });
  }
  return [...groups.values()];
}

/** Letters with an odd id are refused again, so that both outcomes can be seen. */
function retry(world: World, body: Api.JsonObject): Api.RetryResult {
  const { ids, filter } = body as { ids?: number[]; filter?: Record<string, string> };
  const isMeant = (letter: Api.DeadLetter) =>
    ids
      ? ids.includes(letter.id)
      : Object.entries(filter ?? {}).every(([key, value]) => letter[key as 'cause'] === value);
  const meant = world.letters.filter(isMeant);
  const refused = ids ? [] : meant.filter(({ id }) => id % 2 === 1);
  world.letters = world.letters.filter((each) => !isMeant(each) || refused.includes(each));
  return { delivered: meant.length - refused.length, skipped: 0, refused: refused.length };
}
