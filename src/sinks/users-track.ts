import type { BrazeUser, CohortSink } from '../core/cohorts.ts';
import type { Answer, Body } from '../core/sink.ts';
import { readCheck } from './braze-answer.ts';
import { openBraze } from './braze-client.ts';
import { isBrazeField, type UsersTrackSettings, usersTrackSettings } from './braze-settings.ts';
import { bodyOf, changesOf, type PlacedChange, REFUSED, rejectionsOf } from './cohort-lines.ts';
import { scrubOf } from './scrub.ts';
import { readTrackAnswer, TRACK_ADVICE } from './users-track-answer.ts';

/** Braze takes 4 MB a request. */
const MAX_BYTES = 2_000_000;
/** The span of time that Braze counts requests in. */
const WINDOW_SECONDS = 3;
const MAX_NAME = 255;
/** How often a body is sent again as it is when an answer leaves open what was taken; then in halves. */
const UNCLEAR_ANSWERS = 2;

/** Cohorts as custom attributes, by Braze's /users/track; makes no profiles. */
export const usersTrackSink = {
  name: 'users-track',
  title: 'Braze, custom attributes',
  summary: 'Cohorts as custom attributes of users that exist in Braze, by an ordinary REST API key',
  settings: usersTrackSettings,
  example: { instance: 'EU-01', apiKey: '…' },
  open: openUsersTrack,
};

function openUsersTrack(settings: UsersTrackSettings): CohortSink {
  const scrub = scrubOf([settings.apiKey]);
  const client = openBraze(settings, settings.connections, scrub);
  const headers = { authorization: `Bearer ${settings.apiKey}` };
  const unclear = new WeakMap<Body, number>();

  return {
    name: 'users-track',
    perCohort: settings.connections,
    limits: { events: settings.batchSize, bytes: MAX_BYTES },
    rates: {
      eventsPerSecond: Infinity,
      bytesPerMinute: Infinity,
      requests: { count: settings.requestsPerSecond * WINDOW_SECONDS, seconds: WINDOW_SECONDS },
    },
    pack: (lines, events) => Promise.resolve(bodyOf(lines, events)),
    unpack: (body) => Promise.resolve(body.wire),
    async send(body, signal): Promise<Answer> {
      signal.throwIfAborted();
      const { cohort, changes } = changesOf(body);
      const name = attributeName(settings.attribute, cohort.id);
      const wrong = wrongName(name);
      if (wrong !== undefined)
        return { kind: 'settled', rejections: rejectionsOf(changes, REFUSED, wrong) };
      const attributes = changes.map((change) => attributesObject(settings, name, change));
      const reply = await client.post(
        '/users/track',
        headers,
        JSON.stringify({ attributes }),
        signal,
      );
      if (reply.kind === 'retry') return reply;
      const lines = changes.map(({ line }) => line);
      const answer = readTrackAnswer(reply, lines, scrub);
      if (answer.kind !== 'unclear') return answer;
      // Sending again is harmless, but costs; one user whose error never names it must not hold up all others.
      const times = (unclear.get(body) ?? 0) + 1;
      unclear.set(body, times);
      const { detail } = answer;
      return times > UNCLEAR_ANSWERS
        ? { kind: 'split', cause: REFUSED, detail }
        : { kind: 'retry', detail };
    },
    close: () => client.close(),
  };
}

/** Name of the custom attribute that carries a cohort. */
export function attributeName(
  { kind, name }: UsersTrackSettings['attribute'],
  cohortId: string,
): string {
  return kind === 'boolean' ? name.replace('{id}', () => cohortId) : name;
}

function wrongName(name: string): string | undefined {
  if (name.length > MAX_NAME) return `the attribute's name is longer than ${MAX_NAME} characters`;
  if (isBrazeField(name))
    return `${name} is a field of Braze's own; give the attribute another name`;
  if (name !== name.trim() || name.startsWith('$'))
    return `${JSON.stringify(name)} can't be the name of an attribute`;
  return undefined;
}

function attributesObject(
  { attribute }: UsersTrackSettings,
  name: string,
  { user, member, cohort }: PlacedChange,
): Record<string, unknown> {
  const value =
    attribute.kind === 'boolean' ? member : { [member ? 'add' : 'remove']: [cohort.id] };
  return { ...identifierOf(user), _update_existing_only: true, [name]: value };
}

function identifierOf(user: BrazeUser): Record<string, unknown> {
  return user.kind === 'user_alias'
    ? { user_alias: { alias_name: user.name, alias_label: user.label } }
    : { [user.kind]: user.id };
}

/** Tries the key without writing anything: good ones get a 400, because there is nothing in the request. */
export async function checkUsersTrack(
  settings: UsersTrackSettings,
  signal: AbortSignal,
): Promise<{ ok: boolean; detail: string }> {
  const scrub = scrubOf([settings.apiKey]);
  const client = openBraze(settings, 1, scrub);
  try {
    const headers = { authorization: `Bearer ${settings.apiKey}` };
    const reply = await client.post('/users/track', headers, '{"attributes":[]}', signal);
    return readCheck(reply, TRACK_ADVICE, [400], scrub);
  } finally {
    await client.close();
  }
}
