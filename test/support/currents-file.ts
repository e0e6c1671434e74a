import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import avro from 'avsc';
import { avroFile, type Codec } from './avro-file.ts';

/** A Currents record: field name → value. Fields left out are null. */
export type CurrentsRecord = Readonly<Record<string, unknown>>;

const optional = (name: string, type = 'string') => ({ name, type: ['null', type], default: null });

const COMMON = [
  { name: 'id', type: 'string' },
  { name: 'user_id', type: 'string' },
  optional('external_user_id'),
  { name: 'time', type: 'int' },
];

function schemaOf(family: string, name: string, fields: readonly object[]) {
  return {
    type: 'record',
    name,
    namespace: `dataexport.prod01.inner.${family}`,
    fields: [...COMMON, ...fields],
  } as const;
}

export const CLICK = schemaOf('users.messages.email', 'Click', [
  optional('email_address'),
  optional('url'),
  optional('campaign_name'),
]);

export const CUSTOM_EVENT = schemaOf('users.behaviors', 'CustomEvent', [
  { name: 'name', type: 'string' },
  optional('properties'),
  optional('device_model'),
]);

export type CurrentsSchema = typeof CLICK;

const BASE_TIME = Date.UTC(2025, 0, 15) / 1000;

/** The id of the `n`th record of a made-up file; a valid `$insert_id`. */
export function idOf(file: string, n: number): string {
  return `${file}-${String(n).padStart(6, '0')}`;
}

/** `count` email clicks with ids of {@link idOf}; every `anonymousEvery`th (from the first on) without external user id. */
export function clicks(
  file: string,
  count: number,
  { anonymousEvery }: { anonymousEvery?: number } = {},
): CurrentsRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    id: idOf(file, n),
    user_id: `braze-${n}`,
    external_user_id: anonymousEvery && n % anonymousEvery === 0 ? null : `user-${n % 97}`,
    time: BASE_TIME + n,
    email_address: `user-${n % 97}@example.com`,
    url: `https://example.com/${file}/${n}`,
    campaign_name: 'Spring',
  }));
}

/** A custom event with a bag of properties as JSON text. */
export function customEvent(
  id: string,
  properties: string | null,
  name = 'Played',
): CurrentsRecord {
  return {
    id,
    user_id: `braze-${id}`,
    external_user_id: `user-${id}`,
    time: BASE_TIME,
    name,
    properties,
    device_model: null,
  };
}

/** The Avro bytes of records, without container, by the reference library. */
export function encodeRecords(schema: object, records: readonly CurrentsRecord[]): Buffer {
  const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: false });
  const blank = Object.fromEntries(
    (schema as CurrentsSchema).fields.map((field) => [(field as { name: string }).name, null]),
  );
  return Buffer.concat(records.map((record) => type.toBuffer({ ...blank, ...record })));
}

export interface FileOptions {
  readonly schema?: object;
  readonly codec?: Codec;
  /** Records a block; all in one unless given. */
  readonly perBlock?: number;
}

/** An Avro container file of Currents records; email clicks unless a schema is given. */
export function currentsFile(
  records: readonly CurrentsRecord[],
  options: FileOptions = {},
): Buffer {
  const schema = options.schema ?? CLICK;
  const perBlock = options.perBlock ?? Math.max(1, records.length);
  const blocks = [];
  for (let at = 0; at < records.length; at += perBlock) {
    const some = records.slice(at, at + perBlock);
    blocks.push({ count: some.length, data: encodeRecords(schema, some) });
  }
  return avroFile(schema, blocks, options.codec ?? 'snappy');
}

/** Writes bytes below a folder and makes the folders in between. Gives the whole path. */
export async function put(
  folder: string,
  path: string,
  bytes: Uint8Array | string,
): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
  return file;
}

/** The same clicks as {@link clicks} makes, as Braze would push them; ids of {@link idOf}. */
export function pushedClicks(file: string, count: number): { events: object[] } {
  return {
    events: clicks(file, count).map(({ id, time, user_id, external_user_id, ...properties }) => ({
      event_type: 'users.messages.email.Click',
      id,
      time,
      user: { user_id, external_user_id },
      properties,
    })),
  };
}

/** Ids of the records of made-up files, sorted. */
export function idsOf(files: readonly (readonly [name: string, count: number])[]): string[] {
  return files
    .flatMap(([name, count]) => Array.from({ length: count }, (_, n) => idOf(name, n)))
    .toSorted();
}

/** Where Braze puts a file of clicks of an hour, given as `YYYY-MM-DD-HH`. */
export function hourlyPath(hour: string, name: string): string {
  return `event_type=users.messages.email.Click/date=${hour}/version=4/prod/${name}.avro`;
}
