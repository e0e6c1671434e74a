import { readFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import { type Adjusted, dynamicProperties } from '../dynamic.ts';
import { REFUSED_IDS } from '../identity.ts';
import { MAX_PROPERTIES } from '../mapper.ts';
import type { PlanContext, PlanItem } from '../plan.ts';
import { shortestFloat32, stringifyJson } from '../values.ts';

/** What the WebAssembly module exports; addresses are places in its memory. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  configure(cuts: number, refused: number, lengths: bigint): void;
  resultAt(): number;
  allocate(bytes: number): number;
  holds(program: number, p: number, end: number, count: number): number;
  skip(program: number, p: number, end: number, count: number): number;
  run(
    program: number,
    p: number,
    end: number,
    count: number,
    out: number,
    limit: number,
    lines: number,
    numbers: number,
  ): void;
}

/** What became of a run of records. */
export interface RunResult {
  readonly status: 'done' | 'full' | 'unusual';
  /** Records that are mapped. */
  readonly passed: number;
  readonly skipped: number;
  /** The lines, until the next call. */
  readonly lines: Uint8Array;
  /** Of each line, which record it is, counted from the first of the run; until the next call. */
  readonly numbers: Uint32Array;
  /** Where the next record begins and ends. */
  readonly next: number;
  readonly nextEnd: number;
  readonly adjusted: Adjusted;
}

export type DynamicItem = Extract<PlanItem, { kind: 'dynamic' }>;

/** The WebAssembly transcoder with its memory. It works on one block at a time. */
export interface Kernel {
  /** Reserves memory for good and fills it. */
  place(bytes: Uint8Array): number;
  /** Overwrites some of what was placed. */
  patch(address: number, bytes: Uint8Array): void;
  /** Copies a block in, unless it is the one that came last; gives where it begins. */
  hold(block: Uint8Array): number;
  /** Names a bag for the steps of a program; `others`: properties beside it. */
  addBag(item: DynamicItem, others: number): number;
  holds(program: number, block: Uint8Array, count: number): boolean;
  skip(program: number, from: number, end: number, count: number): number;
  run(
    program: number,
    from: number,
    end: number,
    count: number,
    room: number,
    lines: number,
  ): RunResult;
  /** Reads a counter and sets it to 0. */
  takeCounter(address: number): number;
}

/** Room for lines. Larger than a record can become, but for a few that the object mapper takes. */
export const OUT_BYTES = 512 * 1024;
const MAX_LINES = 4096;
/** The kernel reads and writes 16 bytes at a time. */
const SLACK = 16;
const STATUS = ['done', 'full', 'unusual'] as const;

let compiled: WebAssembly.Module | undefined;

function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(
    readFileSync(new URL('../../../kernel/build/transcode.wasm', import.meta.url)),
  );
  return compiled;
}

export function createKernel(context: PlanContext): Kernel {
  const { settings, salt } = context;
  const bags: { item: DynamicItem; others: number }[] = [];
  let pending: Adjusted = {};
  let adjusted: Adjusted = {};
  let held: Uint8Array | undefined;
  let input = 0;
  let inputBytes = 0;
  let buffer: Buffer;

  /** Memory moves when it grows. */
  const memory = (): Buffer => {
    if (buffer?.buffer !== exports.memory.buffer) buffer = Buffer.from(exports.memory.buffer);
    return buffer;
  };
  const instance = new WebAssembly.Instance(kernelModule(), {
    env: {
      abort: () => {
        throw new Error('the transcoder ran out of memory');
      },
    },
    host: {
      number: (value: number, short: number, w: number) =>
        w + memory().write(String(short ? shortestFloat32(value) : value), w, 'latin1'),
      hash: (p: number, n: number, w: number) =>
        w +
        memory().write(
          hash('sha256', salt + memory().toString('utf8', p, p + n), 'hex'),
          w,
          'latin1',
        ),
      bag(index: number, p: number, n: number, w: number, limit: number) {
        const { item, others } = bags[index]!;
        const found = dynamicProperties(
          memory().toString('utf8', p, p + n),
          item,
          context,
          pending,
        );
        if (!Array.isArray(found) || found.length + others >= MAX_PROPERTIES) return 0;
        let json = '';
        for (const [key, value] of found) json += `,${JSON.stringify(key)}:${stringifyJson(value)}`;
        return w + Buffer.byteLength(json) > limit ? 0 : w + memory().write(json, w, 'utf8');
      },
      keepBag() {
        for (const rule in pending) adjusted[rule] = (adjusted[rule] ?? 0) + pending[rule]!;
        pending = {};
      },
      dropBag() {
        pending = {};
      },
    },
  });
  const exports = instance.exports as Exports;

  const place = (bytes: Uint8Array): number => {
    const address = exports.allocate(bytes.length);
    memory().set(bytes, address);
    return address;
  };
  const out = exports.allocate(OUT_BYTES);
  const numbers = exports.allocate(MAX_LINES * 4);
  const result = exports.resultAt();
  configure(exports, place, settings.longStrings === 'truncate');

  const hold = (block: Uint8Array): number => {
    if (held === block) return input;
    // Also for an empty block: place 0 means that there is none.
    if (input === 0 || block.length > inputBytes) {
      inputBytes = Math.max(block.length, inputBytes * 2, 128 * 1024);
      input = exports.allocate(inputBytes + SLACK);
    }
    memory().set(block, input);
    held = block;
    return input;
  };

  return {
    place,
    patch: (address, bytes) => memory().set(bytes, address),
    hold,
    addBag: (item, others) => bags.push({ item, others }) - 1,
    holds(program, block, count) {
      held = undefined;
      const from = hold(block);
      return exports.holds(program, from, from + block.length, count) !== 0;
    },
    skip: (program, from, end, count) => exports.skip(program, from, end, count),
    run(program, from, end, count, room, lines) {
      adjusted = {};
      const limit = out + Math.min(room, OUT_BYTES);
      exports.run(program, from, end, count, out, limit, Math.min(lines, MAX_LINES), numbers);
      const at = new Uint32Array(exports.memory.buffer, result, 8);
      const [status, passed, written, skipped, outEnd, next, nextEnd, cuts] =
        at as unknown as number[];
      if (cuts! > 0) adjusted['truncated_text'] = (adjusted['truncated_text'] ?? 0) + cuts!;
      return {
        status: STATUS[status!]!,
        passed: passed!,
        skipped: skipped!,
        lines: memory().subarray(out, outEnd),
        numbers: new Uint32Array(exports.memory.buffer, numbers, written),
        next: next!,
        nextEnd: nextEnd!,
        adjusted,
      };
    },
    takeCounter(address) {
      const n = memory().readUInt32LE(address);
      memory().writeUInt32LE(0, address);
      return n;
    },
  };
}

/** Tells the kernel what Mixpanel refuses as an id, and whether texts are cut. */
function configure(exports: Exports, place: (bytes: Uint8Array) => number, cuts: boolean): void {
  const parts = REFUSED_IDS.flatMap((id) => [Buffer.from([id.length]), Buffer.from(id, 'latin1')]);
  const lengths = REFUSED_IDS.reduce((bits, id) => bits | (1n << BigInt(id.length)), 0n);
  exports.configure(cuts ? 1 : 0, place(Buffer.concat([...parts, Buffer.alloc(1)])), lengths);
}
