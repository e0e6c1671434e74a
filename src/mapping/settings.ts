import { z } from 'zod';
import { allEvents } from '../catalogue/catalogue.ts';
import { UsageError } from '../core/errors.ts';

const treatment = z.enum(['keep', 'remove', 'hash']);
/** What happens to the value of a field: sent as it is, replaced by `[REDACTED]`, or replaced by its salted SHA-256. */
export type Treatment = z.infer<typeof treatment>;

const name = z.string().min(1).max(255);

/** Properties that decide who and when an event is, or whether Mixpanel keeps it: never to be set or renamed. */
export const PROTECTED: ReadonlySet<string> = new Set([
  'distinct_id',
  '$distinct_id',
  '$insert_id',
  'time',
  '$time',
  'token',
  '$device_id',
  '$user_id',
  '$identified_id',
  '$anon_id',
  '$distinct_ids',
  'alias',
  'bucket',
  '$bucket',
  '$ignore',
  '$event_name',
]);

const IDENTITY_FIELDS = ['external_user_id', 'user_id'];
/** Fields that make the deduplication key: always sent as they are. */
const KEY_FIELDS = ['id', 'time'];

export const mappingSettings = z
  .strictObject({
    events: z
      .array(z.string().min(1))
      .min(1)
      .default(['*'])
      .describe('Currents types to send, with wildcards: users.messages.email.*'),
    usersWithoutExternalId: z
      .enum(['skip', 'anonymous'])
      .default('skip')
      .describe(
        'Skip them as the native connector does, or send them under $device:<Braze user id>',
      ),
    shape: z
      .enum(['native', 'full'])
      .default('native')
      .describe("The native connector's properties, or every field of the schema"),
    uncatalogued: z
      .enum(['skip', 'send'])
      .default('skip')
      .describe('Event types without a documented Mixpanel form'),
    newFields: z
      .enum(['skip', 'send'])
      .default('skip')
      .describe('Fields the catalogue does not know'),
    joiner: z
      .string()
      .max(8)
      .default(' ')
      .describe('Between a prefix such as [Custom event property] and the name that follows'),
    eventNames: z
      .enum(['native', 'channel'])
      .default('native')
      .describe('channel: LINE Click and RCS Click in place of the bare Click'),
    longStrings: z
      .enum(['truncate', 'keep'])
      .default('truncate')
      .describe('Cut texts at the 255 bytes that Mixpanel stores, or send them whole'),
    refusedIds: z
      .enum(['exact', 'any-case'])
      .default('exact')
      .describe("How distinct ids are held against Mixpanel's refuse list"),
    privacy: z
      .strictObject({
        pii: treatment
          .default('keep')
          .describe('All fields that hold personal data, but for the user ids'),
        identity: z
          .enum(['keep', 'hash'])
          .default('keep')
          .describe('external_user_id and user_id, wherever they are sent'),
        fields: z
          .record(name, treatment)
          .default({})
          .describe('By source field; goes before the two above. properties.<key> for one key'),
      })
      .prefault({}),
    rename: z
      .strictObject({
        events: z.record(name, name).default({}).describe('Mixpanel event name → your name'),
        properties: z.record(name, name).default({}).describe('Mixpanel property → your name'),
      })
      .prefault({}),
    static: z
      .record(name, z.union([z.string().max(255), z.number(), z.boolean()]))
      .default({})
      .describe('Properties added to every event'),
  })
  .superRefine((settings, context) => {
    const refuse = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const [field, wanted] of Object.entries(settings.privacy.fields)) {
      const path = ['privacy', 'fields', field];
      if (KEY_FIELDS.includes(field) && wanted !== 'keep')
        refuse(path, `${field} is part of the deduplication key and must be kept`);
      if (IDENTITY_FIELDS.includes(field) && wanted === 'remove')
        refuse(path, `${field} tells users apart: it can be kept or hashed, not removed`);
    }
    const native = new Set(allEvents().flatMap((event) => event.properties.map((p) => p.name)));
    const isDynamic = (name: string) =>
      allEvents().some(({ dynamic }) => dynamic && name.startsWith(dynamic.prefix));
    const targets = new Set<string>();
    for (const [from, to] of Object.entries(settings.rename.properties)) {
      const path = ['rename', 'properties', from];
      if (PROTECTED.has(from) || PROTECTED.has(to))
        refuse(path, `${PROTECTED.has(from) ? from : to} can't be renamed or used as a name`);
      else if (native.has(to)) refuse(path, `${to} is already the name of another property`);
      else if (isDynamic(to)) refuse(path, `${to} may be the name of a custom property`);
      else if (targets.has(to)) refuse(path, `two properties would be called ${to}`);
      targets.add(to);
    }
    for (const key of Object.keys(settings.static)) {
      const path = ['static', key];
      if (PROTECTED.has(key)) refuse(path, `${key} is set by Sluice or reserved by Mixpanel`);
      else if (native.has(key) || targets.has(key))
        refuse(path, `${key} is already the name of a property`);
      else if (isDynamic(key)) refuse(path, `${key} may be the name of a custom property`);
    }
  });

export type MappingSettings = z.infer<typeof mappingSettings>;
/** As a person writes them: everything has a default. */
export type MappingInput = z.input<typeof mappingSettings>;

/** Checks settings as a person wrote them. Throws UsageError that names each wrong place. */
export function parseMappingSettings(input: unknown): MappingSettings {
  const parsed = mappingSettings.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`,
  );
  throw new UsageError('bad_settings', `The settings are wrong: ${wrong.join('; ')}`, {
    hint: 'See docs/guides/settings.md for every setting and its default.',
  });
}

/** The value under a key that comes from data: `constructor` is a key like any other. */
export function ownValue<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Whether some value will be hashed, so that a salt is needed. */
export function needsSalt(settings: MappingSettings): boolean {
  const { pii, identity, fields } = settings.privacy;
  return pii === 'hash' || identity === 'hash' || Object.values(fields).includes('hash');
}
