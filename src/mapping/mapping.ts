import { allEvents, findEvent } from '../catalogue/catalogue.ts';
import { UsageError } from '../core/errors.ts';
import { type AvroEncoder, createAvroEncoder } from './avro-encoder.ts';
import { compilePlan, type Plan, type PlanContext } from './plan.ts';
import { type MappingSettings, needsSalt } from './settings.ts';
import { createKernel, type Kernel } from './transcoder/kernel.ts';

/** The compiled side of a connection's settings: plans and encoders, made once and kept. */
export interface Mapping {
  readonly context: PlanContext;
  /** Encoder of a writer schema, given as JSON text. Throws SluiceError for a schema that is no record. */
  avro(schemaText: string, schema: unknown, eventType: string): AvroEncoder;
  /** Plan for a pushed event that carries these fields. */
  pushed(eventType: string, fields: readonly string[]): Plan;
}

/** Plans for pushed events are kept by the fields they carry; more shapes than this are not kept. */
const MAX_PUSHED_PLANS = 2000;
/** Nor are plans whose type and unknown fields are longer than this together: 2000 of those would fill the memory. */
const MAX_PLAN_KEY = 10_000;

/** Writer schemas are about as many as event types; more than this come from a broken writer. */
const MAX_ENCODERS = 1000;

/** `token`: project token for the `token` property. `salt`: needed when something is hashed. Throws UsageError. */
export function createMapping(
  settings: MappingSettings,
  { token, salt }: { token?: string | undefined; salt?: string | undefined } = {},
): Mapping {
  if (needsSalt(settings) && !salt)
    throw new UsageError('no_salt', 'The privacy settings hash values, but there is no salt', {
      hint: 'Put a random text into a file (openssl rand -hex 16) and name it by --salt-file, or set SLUICE_SALT. Keep it: another salt gives other hashes.',
    });
  const context: PlanContext = { settings, token, salt: salt ?? '' };
  const encoders = new Map<string, AvroEncoder>();
  let kernel: Kernel | undefined;
  const plans = new Map<string, Plan>();
  const knownFields = new Map(
    allEvents().map((event) => [
      event.type,
      new Set(event.properties.flatMap(({ field }) => (field === null ? [] : [field]))),
    ]),
  );

  return {
    context,
    avro(schemaText, schema, eventType) {
      const key = `${eventType}\0${schemaText}`;
      let encoder = encoders.get(key);
      if (!encoder) {
        if (encoders.size >= MAX_ENCODERS) {
          encoders.clear();
          // Its memory never shrinks; encoders in use keep theirs.
          kernel = undefined;
        }
        encoder = createAvroEncoder(
          schema,
          (fields) => compilePlan(eventType, fields, context),
          context,
          (kernel ??= createKernel(context)),
        );
        encoders.set(key, encoder);
      }
      return encoder;
    },
    pushed(eventType, fields) {
      const known = knownFields.get(findEvent(eventType)?.type ?? eventType);
      const extra = fields.filter((field) => !known?.has(field)).toSorted();
      const key = JSON.stringify([eventType, ...extra]);
      let plan = plans.get(key);
      if (!plan) {
        const names = [...(known ?? []), ...extra];
        plan = compilePlan(
          eventType,
          names.map((name) => ({ name })),
          context,
        );
        if (key.length > MAX_PLAN_KEY) return plan;
        if (plans.size >= MAX_PUSHED_PLANS) plans.clear();
        plans.set(key, plan);
      }
      return plan;
    },
  };
}
