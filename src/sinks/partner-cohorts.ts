import type { BrazeUser, CohortSink } from '../core/cohorts.ts';
import type { Answer } from '../core/sink.ts';
import { type Advice, describeReply, isSuccess, readCheck, readRefusal } from './braze-answer.ts';
import { type BrazeReply, openBraze } from './braze-client.ts';
import { type PartnerCohortsSettings, partnerCohortsSettings } from './braze-settings.ts';
import {
  bodyOf,
  changesOf,
  type PlacedChange,
  REFUSED_FOR_GOOD,
  rejectionsOf,
} from './cohort-lines.ts';
import { type Scrub, scrubOf } from './scrub.ts';

/** Ids a request, additions and removals together; 4 MB of JSON are far more than they take. */
const LIMITS = { events: 1000, bytes: 4_000_000 } as const;
const REQUESTS_PER_HOUR = 250_000;

const ADVICE: Advice = {
  401: 'Wrong partner key, wrong data import key or wrong instance, or the partner is not switched on for this workspace.',
  403: 'The partner may not do this in this workspace: see its page under Technology Partners.',
  404: "Check the partner's name and the REST endpoint of the instance.",
};

/** Cohorts by Braze's partner endpoints, for those to whom Braze gave a partner key. */
export const partnerCohortsSink = {
  name: 'partner-cohorts',
  title: 'Braze, partner cohorts',
  summary: "Braze's own cohorts, for those to whom Braze gave a partner key",
  settings: partnerCohortsSettings,
  example: { instance: 'EU-01', partner: 'acme', partnerApiKey: '…', clientSecret: '…' },
  open: openPartnerCohorts,
};

function openPartnerCohorts(settings: PartnerCohortsSettings): CohortSink {
  const scrub = scrubberOf(settings);
  // Different cohorts may be under way at once; of one, Braze does not say that it keeps the order.
  const client = openBraze(settings, 8, scrub);
  const path = pathOf(settings);

  return {
    name: 'partner-cohorts',
    perCohort: 1,
    limits: LIMITS,
    rates: {
      eventsPerSecond: Infinity,
      bytesPerMinute: Infinity,
      requests: { count: REQUESTS_PER_HOUR, seconds: 3600 },
    },
    pack: (lines, events) => Promise.resolve(bodyOf(lines, events)),
    unpack: (body) => Promise.resolve(body.wire),
    async send(body, signal): Promise<Answer> {
      signal.throwIfAborted();
      const { cohort, changes } = changesOf(body);
      const known = changes.filter(({ user }) => isKnown(user));
      const rejections = rejectionsOf(
        changes.filter(({ user }) => !isKnown(user)),
        REFUSED_FOR_GOOD,
        "Braze's cohorts know users by external id or user alias alone",
      );
      if (known.length === 0) return { kind: 'settled', rejections };
      const text = JSON.stringify({
        ...keysOf(settings),
        cohort_id: cohort.id,
        cohort_changes: [
          ...change(known.filter(({ member }) => member)),
          ...change(known.filter(({ member }) => !member)).map((removed) => ({
            ...removed,
            should_remove: true,
          })),
        ],
      });
      const reply = await client.post(`${path}/users`, {}, text, signal);
      if (reply.kind === 'retry') return reply;
      return readPartnerAnswer(reply, scrub) ?? { kind: 'settled', rejections };
    },
    async announce({ id, name }, signal): Promise<Answer> {
      const text = JSON.stringify({
        ...keysOf(settings),
        cohort_id: id,
        // Braze wants one.
        name: name.trim() === '' ? id : name,
        created_at: new Date().toISOString(),
      });
      const reply = await client.post(path, {}, text, signal);
      if (reply.kind === 'retry') return reply;
      const answer = readPartnerAnswer(reply, scrub);
      if (answer?.kind === 'split') return { kind: 'halt', detail: answer.detail };
      return answer ?? { kind: 'settled', rejections: [] };
    },
    close: () => client.close(),
  };
}

/** Undefined when the request was taken. The shape of a success is not documented: any 2xx is one, but for a web page. */
function readPartnerAnswer(reply: BrazeReply, scrub: Scrub): Answer | undefined {
  if (!isSuccess(reply)) return readRefusal(reply, ADVICE, scrub);
  if (!reply.body.trimStart().startsWith('<')) return undefined;
  return {
    kind: 'retry',
    detail: `${describeReply(reply, scrub)} That is not Braze's answer.`,
  };
}

function pathOf({ partner }: PartnerCohortsSettings): string {
  return `/partners/${partner}/cohorts`;
}

function keysOf({ partnerApiKey, clientSecret }: PartnerCohortsSettings): Record<string, string> {
  return { partner_api_key: partnerApiKey, client_secret: clientSecret };
}

function scrubberOf({ partnerApiKey, clientSecret }: PartnerCohortsSettings): Scrub {
  return scrubOf([partnerApiKey, clientSecret]);
}

function isKnown({ kind }: BrazeUser): boolean {
  return kind === 'external_id' || kind === 'user_alias';
}

/** One object of cohort_changes, empty lists left out; none when there is nobody in it. */
function change(changes: readonly PlacedChange[]): Record<string, unknown>[] {
  const ids: string[] = [];
  const aliases: Record<string, string>[] = [];
  for (const { user } of changes)
    if (user.kind === 'user_alias')
      aliases.push({ alias_name: user.name, alias_label: user.label });
    else ids.push(user.id);
  if (changes.length === 0) return [];
  return [{ ...(ids.length > 0 && { user_ids: ids }), ...(aliases.length > 0 && { aliases }) }];
}

/** Tries the keys without writing anything: an empty change of a cohort that does not exist. */
export async function checkPartnerCohorts(
  settings: PartnerCohortsSettings,
  signal: AbortSignal,
): Promise<{ ok: boolean; detail: string }> {
  const scrub = scrubberOf(settings);
  const client = openBraze(settings, 1, scrub);
  try {
    const text = JSON.stringify({
      ...keysOf(settings),
      cohort_id: 'sluice-check',
      cohort_changes: [],
    });
    const reply = await client.post(`${pathOf(settings)}/users`, {}, text, signal);
    return readCheck(reply, ADVICE, [], scrub);
  } finally {
    await client.close();
  }
}
