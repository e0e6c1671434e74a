import { createRequire } from 'node:module';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerProcess, startServer } from './s3-server.ts';

/** The account that every Azurite has, as its documentation gives it. */
export const AZURITE = {
  account: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
} as const;

/** A real Azure Blob Storage server: Azurite. Its endpoint is `<url>/devstoreaccount1`. */
export async function startAzurite(): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-azurite-'));
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const options = ['--blobHost', '127.0.0.1', '--blobPort', '0', '--location', folder];
  // Its list of API versions lags behind the client's.
  const args = [program, ...options, '--silent', '--skipApiVersionCheck', '--disableTelemetry'];
  return startServer(args, /successfully listens on http:\/\/127\.0\.0\.1:(\d+)/, folder);
}
