/** The peer: mixpanel-import from npm, fed with objects that avsc decoded and the hand-written functions mapped. */
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { handWrittenMaps, type Reading, readEvents } from './records.ts';
import { scriptSettings } from './settings.ts';

type MixpanelImport = (
  credentials: { readonly token: string },
  data: Readable,
  options: Readonly<Record<string, unknown>>,
) => Promise<{ readonly success: number; readonly failed: number }>;

/** Its own choice for buffered records: ten times the workers, at most this. */
const MAX_BUFFERED = 500;

async function main(): Promise<void> {
  const { folder, catalogue, token, gzipLevel, inFlight, transport } = scriptSettings(process.argv);
  const mixpanelImport = createRequire(import.meta.url)('mixpanel-import') as MixpanelImport;

  let reading: Reading | undefined;
  const events = new Readable({
    objectMode: true,
    highWaterMark: MAX_BUFFERED,
    read() {
      reading ??= readEvents(folder, handWrittenMaps(catalogue, token), {
        event(event) {
          if (!events.push(event)) reading?.pause();
        },
        end: () => void events.push(null),
        error: (error) => void events.destroy(error),
      });
      reading.resume();
    },
  });
  const result = await mixpanelImport({ token }, events, {
    recordType: 'event',
    region: 'US',
    recordsPerBatch: 2000,
    workers: inFlight,
    highWater: MAX_BUFFERED,
    strict: true,
    compress: true,
    compressionLevel: gzipLevel,
    fixData: false,
    // Skips every transform stage: the events are in shape already.
    fastMode: true,
    abridged: true,
    transport,
  });
  process.stdout.write(`${JSON.stringify({ delivered: result.success })}\n`);
  // Its connection pools keep the process alive.
  process.exit(result.failed === 0 ? 0 : 1);
}

await main();
