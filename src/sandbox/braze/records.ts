import { type GenerateOptions, settingsOf } from './options.ts';
import type { Value } from './avro-writer.ts';
import { SCHEMAS } from './schemas.ts';
import { timeline } from './timeline.ts';
import type { User } from './users.ts';

/** An event before it is encoded. */
export interface GeneratedRecord {
  readonly type: string;
  /** Every field of the schema in order, null where it is empty. Avro floats are not yet rounded to 32 bits. */
  readonly record: Readonly<Record<string, Value>>;
  /** Whose event it is; knows more than the record tells. */
  readonly user: User;
  /** Seconds since 1970; decides the hour in the path. */
  readonly queuedAt: number;
}

/** The very events that `generate` writes with the same options, in the order in which they were queued. Throws UsageError. */
export function* records(options: GenerateOptions): Generator<GeneratedRecord, void, undefined> {
  for (const { type, values, user, queuedAt } of timeline(settingsOf(options))) {
    const record: Record<string, Value> = {};
    SCHEMAS.get(type)?.fields.forEach(({ name }, i) => {
      record[name] = values[i] ?? null;
    });
    yield { type, record, user, queuedAt };
  }
}
