/** The script that a good engineer writes: avsc → object → map → JSON.stringify → gzip → fetch, tuned. */
import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import { handWrittenMaps, type MixpanelEvent, readEvents } from './records.ts';
import { scriptSettings } from './settings.ts';

const BATCH = 2000;
const gzip = promisify(gzipWithCallback);

async function main(): Promise<void> {
  const { folder, catalogue, token, url, gzipLevel, inFlight } = scriptSettings(process.argv);
  const authorization = `Basic ${Buffer.from(`${token}:`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json', 'content-encoding': 'gzip' };

  const send = async (events: readonly MixpanelEvent[]): Promise<number> => {
    const body = await gzip(JSON.stringify(events), { level: gzipLevel });
    const response = await fetch(`${url}/import?strict=1`, { method: 'POST', headers, body });
    const answer = (await response.json()) as { code: number; num_records_imported: number };
    if (!response.ok || answer.num_records_imported !== events.length)
      throw new Error(`refused: ${JSON.stringify(answer)}`);
    return events.length;
  };

  const delivered = await new Promise<number>((resolve, reject) => {
    let batch: MixpanelEvent[] = [];
    let sending = 0;
    let sent = 0;
    let isRead = false;
    const settled = (n: number): void => {
      sent += n;
      sending--;
      if (sending < inFlight) reading.resume();
      if (isRead && sending === 0) resolve(sent);
    };
    const flush = (): void => {
      const full = batch;
      batch = [];
      sending++;
      send(full).then(settled, reject);
      if (sending >= inFlight) reading.pause();
    };
    const reading = readEvents(folder, handWrittenMaps(catalogue, token), {
      event(event) {
        if (batch.push(event) === BATCH) flush();
      },
      end() {
        isRead = true;
        if (batch.length > 0) flush();
        else if (sending === 0) resolve(sent);
      },
      error: reject,
    });
  });
  process.stdout.write(`${JSON.stringify({ delivered })}\n`);
}

await main();
