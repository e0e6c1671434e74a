import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { manageCohorts, parseConfig } from '../src/connector.ts';
import { serve } from '../src/server/serve.ts';
import { cohortCall } from './support/cohort-call.ts';

test('a service makes the cohort imports of its file, lets Mixpanel in, and logs no key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-served-'));
  let log = '';
  const start = (share: number) =>
    serve({
      ...{ dataDir: join(folder, 'data'), keys: {}, version: '0', graceMs: 2000 },
      config: parseConfig(
        {
          service: { listen: { port: 0 }, inbox: { minFreeBytes: 0 }, log: { level: 'debug' } },
          cohortImports: [
            {
              ...{ name: 'crm', paused: true, guard: { share } },
              destination: { kind: 'file', path: 'out' },
            },
          ],
        },
        { env: {}, folder },
      ),
      logTo: new Writable({
        write(chunk: Buffer, _encoding, done) {
          log += chunk.toString();
          done();
        },
      }),
    });
  try {
    const first = await start(0.2);
    const { key } = await manageCohorts({ state: first.service.state, now: Date.now }).keys.add(
      'crm',
    );
    await first.close();
    const again = await start(0.1);
    const { cohortImports } = again.service.state;
    expect(await cohortImports.get('crm')).toMatchObject({
      ...{ paused: true, revision: 2 },
      spec: { guard: { share: 0.1 }, destination: { path: join(folder, 'out') } },
    });
    const post = (place: string, body: unknown) =>
      fetch(`${again.url}/cohorts/${place}`, { method: 'POST', body: JSON.stringify(body) });
    expect((await post(key, cohortCall('7', [1]))).status).toBe(200);
    expect((await post(key, {})).status).toBe(400);
    expect((await post(`${key}x`, {})).status).toBe(401);
    await again.close();
    expect(log).toContain('cohort import created');
    expect(log).toContain('cohort import changed');
    expect(log).toContain('a call of a cohort webhook was refused');
    expect(log).not.toContain(key.slice('sluice_ck_'.length));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
