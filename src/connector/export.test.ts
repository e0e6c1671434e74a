import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clicks, currentsFile, put } from '../../test/support/currents-file.ts';
import { scriptedServer, taken } from '../../test/support/scripted-server.ts';
import { parseMappingSettings } from '../mapping/settings.ts';
import { openState } from '../state/state.ts';
import { exportFolder } from './export.ts';

test('a folder that can not be listed to its end: what is listed is delivered, on a terminal too', async () => {
  for (const onStart of [undefined, () => undefined]) {
    const root = await mkdtemp(join(tmpdir(), 'sluice-export-'));
    const server = await scriptedServer([taken]);
    const currents = join(root, 'currents');
    const dataDir = join(root, 'data');
    try {
      await put(currents, 'a.avro', currentsFile(clicks('a', 10)));
      await mkdir(Buffer.concat([Buffer.from(`${currents}/z`), Buffer.of(0xe9)]));
      const running = exportFolder(
        {
          from: currents,
          dataDir,
          connection: 'c',
          destination: {
            credentials: { kind: 'project-token', token: 'tok' },
            region: 'us',
            url: server.url,
          },
          settings: parseMappingSettings({}),
          salt: undefined,
          concurrency: 2,
        },
        { signal: new AbortController().signal, ...(onStart ? { onStart } : {}) },
      );
      await expect(running).rejects.toMatchObject({ code: 'illegible_name' });
      const state = openState(dataDir, { readonly: true });
      const [run] = await state.ledger.runs({ limit: 1 });
      expect(run).toMatchObject({ state: 'failed', read: 10, delivered: 10 });
      state.close();
    } finally {
      await server.close();
      await rm(root, { recursive: true, force: true });
    }
  }
});
