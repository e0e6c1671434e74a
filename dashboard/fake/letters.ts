import type * as Api from '../src/api.ts';

const CAUSES = [
  [
    'rejected_by_mixpanel',
    'event',
    "properties.time: 'properties.time' is invalid: must be specified as seconds since epoch, and not more than 1 hour in the future",
  ],
  [
    'refused_distinct_id',
    'record',
    'Mixpanel refuses the distinct_id "null", because many unrelated users carry it',
  ],
  ['bad_properties', 'record', 'properties is no JSON object'],
  ['corrupt_block', 'bytes', 'the block can not be decompressed; it declares 120 records'],
] as const;

const ADVICE: Readonly<Record<string, string>> = {
  rejected_by_mixpanel: 'Read the detail.',
  refused_distinct_id: 'Find the client that sets it.',
  bad_properties: 'Mend what the app sends.',
  corrupt_block: 'Copy the file again.',
};

const TYPES = [
  'users.messages.email.Click',
  'users.messages.email.Open',
  'users.behaviors.CustomEvent',
  'users.messages.email.Click',
];

export function lettersOf(names: readonly string[], n: number, now: number): Api.DeadLetter[] {
  return Array.from({ length: n }, (_, k) => {
    const i = n > 1000 ? 0 : k % 29 === 28 ? 3 : k % 11 === 10 ? 1 : k % 7 === 6 ? 2 : 0;
    const [cause, kind, detail] = CAUSES[i];
    const eventType = TYPES[i]!;
    const record: Api.JsonObject = {
      id: `a-${String(k).padStart(6, '0')}`,
      user_id: `braze-${k}`,
      external_user_id: i === 1 ? 'null' : `user-${k}`,
      time: 1_764_000_000 + k,
      email_address: `user-${k}@example.com`,
      campaign_name: k % 13 === 0 ? '<img src=x onerror=alert(1)>' : 'Spring',
    };
    const payload =
      kind === 'event'
        ? {
            event: {
              event: 'Email Click',
              properties: { distinct_id: `user-${k}`, $insert_id: `a-${k}`, time: 1_964_000_000 },
            },
          }
        : kind === 'record'
          ? { source: record }
          : { bytes: 'T2JqAQIWYXZyby5zY2hlbWH8AXsidHlwZSI6InJlY29yZCIs' };
    return {
      id: k + 1,
      connection: k % 12 === 0 ? (names[2] ?? names[0]!) : names[0]!,
      slice: `event_type=${eventType}/date=2026-11-${String(1 + (k % 24)).padStart(2, '0')}-07/${k % 9}.avro`,
      record: k % 4000,
      eventType,
      cause,
      detail,
      kind,
      at: new Date(now - k * 640_000).toISOString(),
      retries: k % 5 === 0 ? 2 : 0,
      preview: JSON.stringify(record),
      advice: ADVICE[cause]!,
      ...payload,
    };
  });
}
