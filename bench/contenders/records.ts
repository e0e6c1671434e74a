/** What the tuned script and mixpanel-import have in common: avsc decodes, a hand-written function maps. */
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRaw } from 'node:zlib';
import avro from 'avsc';

// Its own types say less than it takes.
const BlockDecoder = avro.streams.BlockDecoder as unknown as new (options: {
  readonly codecs: Readonly<Record<string, unknown>>;
}) => NodeJS.ReadWriteStream;

export interface MixpanelEvent {
  readonly event: string;
  readonly properties: Record<string, unknown>;
}

/** Maps a decoded record; undefined for one that the native connector would not send. */
type MapRecord = (record: Record<string, unknown>) => MixpanelEvent | undefined;

interface CatalogueEvent {
  readonly type: string;
  readonly name: string;
  readonly nameFrom?: string;
  readonly dynamic?: { readonly field: string; readonly prefix: string };
  readonly properties: readonly {
    readonly name: string;
    readonly field: string | null;
    readonly type: string;
  }[];
}

const STORED_BYTES = 255;
const IDENTITY = new Set(['external_user_id', 'id', 'time']);
/** Ids that Mixpanel's strict import refuses. */
const REFUSED = new Set(
  '00000000-0000-0000-0000-000000000000 anon anonymous nil none null n/a na undefined unknown <nil> 0 -1 true false [] {}'.split(
    ' ',
  ),
);

/** A text as Mixpanel keeps it; undefined, which `JSON.stringify` leaves out, in place of null. */
function text(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value !== 'string' || value.length * 3 <= STORED_BYTES) return value;
  const bytes = Buffer.from(value);
  if (bytes.length <= STORED_BYTES) return value;
  let end = STORED_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function spread(bag: unknown, prefix: string, into: Record<string, unknown>): void {
  if (typeof bag !== 'string' || bag === '') return;
  const values = JSON.parse(bag) as Record<string, unknown> | null;
  for (const key in values) into[`${prefix} ${key}`] = text(values[key]);
}

const isWanted = (record: Record<string, unknown>): boolean => {
  const who = record['external_user_id'];
  return typeof who === 'string' && who !== '' && !REFUSED.has(who);
};

/**
 * The mapping functions by Currents type, each one object literal as a person would write it by hand (which is also
 * the form that the engine builds and stringifies fastest), written out here from the catalogue for all types.
 */
export function handWrittenMaps(
  catalogueFile: string,
  token: string,
): ReadonlyMap<string, MapRecord> {
  const catalogue = JSON.parse(readFileSync(catalogueFile, 'utf8')) as CatalogueEvent[];
  return new Map(catalogue.map((event) => [event.type, handWrittenMap(event, token)]));
}

function handWrittenMap(
  { name, nameFrom, dynamic, properties }: CatalogueEvent,
  token: string,
): MapRecord {
  const quote = JSON.stringify;
  const fields = properties.flatMap((property) => {
    if (property.field === null || IDENTITY.has(property.field)) return [];
    const value = `r[${quote(property.field)}]`;
    return [
      `${quote(property.name)}: ${property.type === 'string' ? `text(${value})` : `${value} ?? undefined`}`,
    ];
  });
  const title =
    nameFrom === undefined ? quote(name) : `text(${quote(`${name} `)} + r[${quote(nameFrom)}])`;
  const code = `return (r) => {
    if (!isWanted(r)) return undefined;
    const properties = { $partner_id: 'braze', distinct_id: r.external_user_id, $insert_id: r.id, time: r.time,
      token, ${fields.join(', ')} };
    ${dynamic ? `spread(r[${quote(dynamic.field)}], ${quote(dynamic.prefix)}, properties);` : ''}
    return { event: ${title}, properties };
  }`;
  // oxlint-disable-next-line no-implied-eval, no-new-func -- the code comes from the catalogue in this repository
  const make = new Function('text', 'spread', 'isWanted', 'token', code) as (
    ...args: unknown[]
  ) => MapRecord;
  return make(text, spread, isWanted, token);
}

export interface Receiver {
  /** Called for each event that is to be sent. */
  readonly event: (event: MixpanelEvent) => void;
  readonly end: () => void;
  readonly error: (error: Error) => void;
}

export interface Reading {
  pause(): void;
  resume(): void;
}

/** Decodes and maps the Avro files of a folder one after the other. */
export function readEvents(
  folder: string,
  maps: ReadonlyMap<string, MapRecord>,
  to: Receiver,
): Reading {
  const codecs = {
    null: (bytes: Buffer, done: (error: null, data: Buffer) => void) => done(null, bytes),
    deflate: inflateRaw,
  };
  const files = avroFiles(folder);
  let current: NodeJS.ReadWriteStream | undefined;
  let isPaused = false;
  let opened = 0;

  const openNext = (): void => {
    const file = files[opened++];
    if (file === undefined) return to.end();
    const map = maps.get(/event_type=([^/]+)/.exec(file)?.[1] ?? '');
    if (!map) return openNext();
    const decoder = new BlockDecoder({ codecs });
    decoder.on('data', (record: Record<string, unknown>) => {
      const event = map(record);
      if (event) to.event(event);
    });
    decoder.on('end', openNext);
    decoder.on('error', to.error);
    createReadStream(file, { highWaterMark: 1 << 20 })
      .on('error', to.error)
      .pipe(decoder);
    current = decoder;
    if (isPaused) decoder.pause();
  };
  openNext();

  return {
    pause() {
      isPaused = true;
      current?.pause();
    },
    resume() {
      isPaused = false;
      current?.resume();
    },
  };
}

function avroFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.avro'))
    .map((name) => join(folder, name))
    .toSorted();
}
