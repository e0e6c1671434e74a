import { bump } from '../../core/counts.ts';
import { type Adjusted, dynamicProperties } from '../dynamic.ts';
import { EARLIEST_TIME, isRefusedId, MAX_TEXT_BYTES, REFUSED_IDS } from '../identity.ts';
import { MAX_PROPERTIES } from '../mapper.ts';
import type { PlanContext, PlanItem } from '../plan.ts';
import { hashText, treatmentOf } from '../privacy.ts';
import { shortestFloat32, stringifyJson } from '../values.ts';
import { type BagCopier, createBagCopier } from './bag.ts';
import { type Cursor, readLong } from './decode.ts';
import { copyText, cutLength, putAscii, putInteger, textHead, textLength } from './text.ts';

type DynamicItem = Extract<PlanItem, { kind: 'dynamic' }>;
/** `plain` copies simple bags byte by byte; undefined where a key may need treatment. */
type Bag = DynamicItem & { readonly others: number; readonly plain: BagCopier | undefined };

/** For each byte: whether it may stand in an `$insert_id`. */
const INSERT_ID_BYTE = new Uint8Array(256);
for (const c of Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-'))
  INSERT_ID_BYTE[c] = 1;
const REFUSED_LENGTHS = new Set(REFUSED_IDS.map((id) => id.length));

/** What generated code calls. Every writer returns the place after what it wrote, or a negative number to give up. */
export interface Runtime {
  /** Mended values of the record in hand, by rule. */
  adjusted: Adjusted;
  /** New fields that carry a value in the record in hand. */
  newFields: string[];
  /** Bytes that must stay free for the rest of the line. */
  reserve: number;
  addBag(item: DynamicItem, others: number): number;
  newField(name: string): void;
  hasText(d: Uint8Array, p: number): boolean;
  name(
    d: Uint8Array,
    dv: DataView,
    p: number,
    before: number,
    o: Uint8Array,
    ov: DataView,
    w: number,
  ): number;
  userId(
    hash: boolean,
    d: Uint8Array,
    dv: DataView,
    p: number,
    o: Uint8Array,
    ov: DataView,
    w: number,
  ): number;
  insertId(d: Uint8Array, p: number, o: Uint8Array, w: number): number;
  time(d: Uint8Array, p: number, o: Uint8Array, w: number): number;
  text(d: Uint8Array, dv: DataView, p: number, o: Uint8Array, ov: DataView, w: number): number;
  texts(
    nullBranch: number,
    d: Uint8Array,
    dv: DataView,
    p: number,
    o: Uint8Array,
    ov: DataView,
    w: number,
  ): number;
  hashed(d: Uint8Array, p: number, o: Uint8Array, w: number): number;
  integer(d: Uint8Array, p: number, o: Uint8Array, w: number): number;
  boolean(d: Uint8Array, p: number, o: Uint8Array, w: number): number;
  float(dv: DataView, p: number, short: boolean, o: Uint8Array, w: number): number;
  double(dv: DataView, p: number, o: Uint8Array, w: number): number;
  floatIsFinite(dv: DataView, p: number): boolean;
  doubleIsFinite(dv: DataView, p: number): boolean;
  bag(index: number, d: Uint8Array, p: number, o: Uint8Array, w: number): number;
}

export function createRuntime(context: PlanContext): Runtime {
  const { settings, salt } = context;
  const cut = settings.longStrings === 'truncate';
  const bags: Bag[] = [];
  const cursor: Cursor = { bytes: new Uint8Array(0), at: 0, invalidTexts: 0 };

  const plain = (d: Uint8Array, p: number, n: number): string =>
    Buffer.from(d.buffer, d.byteOffset + p, n).toString('utf8');
  const refused = (d: Uint8Array, p: number, n: number): boolean =>
    REFUSED_LENGTHS.has(n) && isRefusedId(plain(d, p, n), settings.refusedIds);

  /** A JSON string with its quotes, cut where wanted. */
  const quoted = (
    d: Uint8Array,
    dv: DataView,
    start: number,
    o: Uint8Array,
    ov: DataView,
    w: number,
  ): number => {
    const n = textLength(d, start);
    const p = start + textHead(n);
    let length = n;
    if (cut && n > MAX_TEXT_BYTES) {
      length = cutLength(d, p, n);
      if (length < 0) return -1;
      bump(runtime.adjusted, 'truncated_text');
    }
    o[w] = 0x22;
    const end = copyText(d, dv, p, length, o, ov, w + 1);
    if (end < 0) return -1;
    o[end] = 0x22;
    return end + 1;
  };

  const runtime: Runtime = {
    adjusted: {},
    newFields: [],
    reserve: 0,
    addBag(item, others) {
      const treated =
        treatmentOf(settings, item.field) !== 'keep' ||
        Object.keys(settings.privacy.fields).some((name) => name.startsWith(`${item.field}.`));
      return (
        bags.push({ ...item, others, plain: treated ? undefined : createBagCopier(item.prefix) }) -
        1
      );
    },
    newField: (name) => {
      runtime.newFields.push(name);
    },
    hasText: (d, p) => p >= 0 && d[p] !== 0,
    name(d, dv, p, before, o, ov, w) {
      if (p < 0) return -1;
      const n = textLength(d, p);
      if (n === 0 || (cut && before + n > MAX_TEXT_BYTES)) return -1;
      return copyText(d, dv, p + textHead(n), n, o, ov, w);
    },
    /** -1: there is none. -2: it needs the rules of the object mapper. */
    userId(hash, d, dv, p, o, ov, w) {
      if (p < 0 || d[p] === 0) return -1;
      const n = textLength(d, p);
      const start = p + textHead(n);
      if (n > MAX_TEXT_BYTES || refused(d, start, n)) return -2;
      if (hash) {
        const end = copyText(d, dv, start, n, o, ov, w);
        return end < 0 ? -2 : putAscii(o, w, hashText(salt, plain(d, start, n)));
      }
      const end = copyText(d, dv, start, n, o, ov, w);
      return end < 0 ? -2 : end;
    },
    insertId(d, p, o, w) {
      if (p < 0) return -1;
      const n = d[p]! >> 1;
      if (d[p]! > 72 || n === 0) return -1;
      for (let i = 1; i <= n; i++) {
        const c = d[p + i]!;
        if (INSERT_ID_BYTE[c] === 0) return -1;
        o[w++] = c;
      }
      return (n < 36 || d[p + 1] === 0x30) && refused(d, p + 1, n) ? -1 : w;
    },
    time(d, p, o, w) {
      if (p < 0) return -1;
      cursor.bytes = d;
      cursor.at = p;
      const value = readLong(cursor);
      if (typeof value === 'bigint' || value < EARLIEST_TIME) return -1;
      return putInteger(o, w, value);
    },
    text: quoted,
    texts(nullBranch, d, dv, from, o, ov, start) {
      let w = start;
      o[w++] = 0x5b;
      cursor.bytes = d;
      cursor.at = from;
      for (;;) {
        let count = Number(readLong(cursor));
        if (count === 0) break;
        if (count < 0) {
          count = -count;
          readLong(cursor);
        }
        for (; count > 0; count--) {
          if (w !== start + 1) o[w++] = 0x2c;
          if (nullBranch >= 0 && d[cursor.at++] === nullBranch) {
            w = putAscii(o, w, 'null');
            continue;
          }
          w = quoted(d, dv, cursor.at, o, ov, w);
          if (w < 0) return -1;
          const n = textLength(d, cursor.at);
          cursor.at += textHead(n) + n;
        }
      }
      o[w++] = 0x5d;
      return w;
    },
    hashed(d, p, o, w) {
      const n = textLength(d, p);
      const text = plain(d, p + textHead(n), n);
      if (text.includes('\ufffd')) return -1;
      o[w] = 0x22;
      const end = putAscii(o, w + 1, hashText(salt, text));
      o[end] = 0x22;
      return end + 1;
    },
    integer(d, p, o, w) {
      cursor.bytes = d;
      cursor.at = p;
      const value = readLong(cursor);
      return typeof value === 'bigint' ? putAscii(o, w, value.toString()) : putInteger(o, w, value);
    },
    boolean: (d, p, o, w) => putAscii(o, w, d[p] === 1 ? 'true' : 'false'),
    float(dv, p, short, o, w) {
      const value = dv.getFloat32(p, true);
      return putAscii(o, w, String(short ? shortestFloat32(value) : value));
    },
    double: (dv, p, o, w) => putAscii(o, w, String(dv.getFloat64(p, true))),
    floatIsFinite: (dv, p) => Number.isFinite(dv.getFloat32(p, true)),
    doubleIsFinite: (dv, p) => Number.isFinite(dv.getFloat64(p, true)),
    bag(index, d, p, o, start) {
      const item = bags[index]!;
      const n = textLength(d, p);
      const at = p + textHead(n);
      if (item.plain) {
        const end = item.plain.copy(d, at, n, o, start, o.length - runtime.reserve);
        if (end >= 0 && item.plain.keys + item.others < MAX_PROPERTIES) return end;
      }
      const text = plain(d, at, n);
      if (text.includes('\ufffd')) return -1;
      const found = dynamicProperties(text, item, context, runtime.adjusted);
      if (!Array.isArray(found) || found.length + item.others >= MAX_PROPERTIES) return -1;
      let json = '';
      for (const [key, value] of found) json += `,${JSON.stringify(key)}:${stringifyJson(value)}`;
      const room = o.length - runtime.reserve - start;
      if (json.length * 3 > room && Buffer.byteLength(json) > room) return -1;
      return start + Buffer.from(o.buffer, o.byteOffset, o.length).write(json, start);
    },
  };
  return runtime;
}
