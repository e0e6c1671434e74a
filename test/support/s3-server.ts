import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ServerProcess {
  readonly url: string;
  close(): Promise<void>;
}

/** A server in a process of its own; `ready` finds its address in what it prints. */
export async function startServer(
  args: readonly string[],
  ready: RegExp,
  folder: string,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // A test that ends before it closes the server must not leave it behind.
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  let printed = '';
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const url = await new Promise<string>((resolve, reject) => {
    const onData = (data: Buffer): void => {
      printed += data.toString();
      const port = ready.exec(printed)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the server ended: ${printed}`)));
  });
  return {
    url,
    async close() {
      process.removeListener('exit', onExit);
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A real S3 server: s3rver, keys `S3RVER` and `S3RVER`. */
export async function startS3(): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-s3-'));
  const program = join(import.meta.dirname, 's3-process.ts');
  // Its continuation tokens use a cipher that OpenSSL counts among the old ones.
  const args = ['--openssl-legacy-provider', program, folder];
  return startServer(args, /listening on (\d+)/, folder);
}
