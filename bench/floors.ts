/**
 * What parts of the work cost on their own, in one process with nothing else: reading and transcoding to JSON, and
 * compressing the same JSON with Sluice's gzip and with zlib at level 1. Arguments: folder. Prints {@link Floors}.
 */
import { constants, gzipSync } from 'node:zlib';
import { Batch } from '../src/core/batch.ts';
import { START } from '../src/core/source.ts';
import { createMapping } from '../src/mapping/mapping.ts';
import { parseMappingSettings } from '../src/mapping/settings.ts';
import { createUnpack } from '../src/mapping/unpack.ts';
import { createGzip } from '../src/sinks/gzip.ts';
import { directorySource } from '../src/sources/directory.ts';

export interface Floors {
  readonly events: number;
  readonly jsonBytes: number;
  readonly transcodeSeconds: number;
  readonly gzipSeconds: number;
  readonly gzipBytes: number;
  readonly zlibSeconds: number;
  readonly zlibBytes: number;
}

const LIMITS = { events: 2000, bytes: 9_500_000 };
const ZLIB = { level: constants.Z_BEST_SPEED, memLevel: 9, chunkSize: 1 << 20 };

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function main(folder: string): Promise<void> {
  const { signal } = new AbortController();
  const mapping = createMapping(parseMappingSettings({}), { token: 'bench-project-token' });
  const source = directorySource.open({ path: folder });
  const unpack = createUnpack(source, mapping);
  const buffer = Buffer.allocUnsafeSlow(LIMITS.bytes);
  const gzip = createGzip();
  const floors = {
    events: 0,
    jsonBytes: 0,
    gzipSeconds: 0,
    gzipBytes: 0,
    zlibSeconds: 0,
    zlibBytes: 0,
  };
  let batch = new Batch(LIMITS, buffer);

  const seal = (): void => {
    const before = cpuSeconds();
    floors.gzipBytes += gzip(batch.lines).length;
    const between = cpuSeconds();
    floors.zlibBytes += gzipSync(batch.lines, ZLIB).length;
    floors.gzipSeconds += between - before;
    floors.zlibSeconds += cpuSeconds() - between;
    floors.events += batch.events;
    floors.jsonBytes += batch.length;
    batch = new Batch(LIMITS, buffer);
  };

  const started = cpuSeconds();
  for await (const slice of source.list(signal)) {
    for await (const piece of unpack(slice, START, signal)) {
      batch.enter(slice, START);
      for (let done = 0; done < piece.records;) {
        done = piece.encode(done, 0, batch);
        if (done < piece.records || batch.isFull) {
          seal();
          batch.enter(slice, START);
        }
      }
    }
  }
  seal();
  const transcodeSeconds = cpuSeconds() - started - floors.gzipSeconds - floors.zlibSeconds;
  process.stdout.write(JSON.stringify({ ...floors, transcodeSeconds } satisfies Floors));
}

await main(process.argv[2]!);
