/**
 * The server under load, in a process of its own. Arguments: kind, data folder, token, port of a destination.
 * `inbox` is Sluice's door alone, `service` the whole of `sluice serve`, which delivers meanwhile; the others are floors: `read` only reads the body and answers, `fsync` writes and syncs every body on its own, one after the other.
 * Sends its port, and {@link ServerReport} when it is told to stop.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { inboxRoutes } from '../src/server/inbox-routes.ts';
import { startServer } from '../src/server/server.ts';
import { openInbox } from '../src/state/inbox.ts';

export type ServerKind = 'inbox' | 'service' | 'read' | 'fsync';

export interface ServerReport {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  /** Longest the event loop was held, in milliseconds. */
  readonly loopMs: number;
  /** Calls of fdatasync. */
  readonly syncs: number;
  readonly pushes: number;
  /** Events delivered to the destination; 0 where none are. */
  readonly delivered: number;
}

interface Running {
  readonly port: number;
  stop(): Promise<Pick<ServerReport, 'syncs' | 'pushes' | 'delivered'>>;
}

async function startService(folder: string, token: string, destination: string): Promise<Running> {
  const { parseConfig } = await import('../src/connector.ts');
  const { serve } = await import('../src/server/serve.ts');
  const tree = {
    service: { listen: { port: 0 }, log: { level: 'warn' } },
    connections: [
      {
        name: 'bench',
        source: { kind: 'inbox', token },
        destination: {
          kind: 'mixpanel',
          region: 'us',
          url: `http://127.0.0.1:${destination}`,
          credentials: { kind: 'project-token', token: 'bench-token' },
        },
      },
    ],
  };
  const serving = await serve({
    dataDir: join(folder, 'data'),
    keys: {},
    version: '0',
    config: parseConfig(tree, { env: {}, folder }),
    logTo: { write: (line) => process.stderr.write(line) },
    graceMs: 1000,
  });
  return {
    port: Number(new URL(serving.url).port),
    async stop() {
      const [status] = serving.service.statuses();
      await serving.close();
      return { syncs: 0, pushes: 0, delivered: status!.delivered };
    },
  };
}

async function startInbox(folder: string, token: string): Promise<Running> {
  let syncs = 0;
  let pushes = 0;
  const inbox = await openInbox(
    folder,
    {},
    {
      async createFile(path) {
        const file = await open(path, 'wx');
        return {
          writev: (buffers, position) => file.writev(buffers, position),
          truncate: (length) => file.truncate(length),
          close: () => file.close(),
          datasync() {
            syncs++;
            return file.datasync();
          },
        };
      },
    },
  );
  const tokenDigest = createHash('sha256').update(token).digest();
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    register: inboxRoutes({
      inbox,
      find: () => ({ tokenDigest }),
      observe: ({ status }) => {
        if (status === 200) pushes++;
      },
    }),
  });
  return {
    port: Number(new URL(server.url).port),
    async stop() {
      await server.close();
      await inbox.close();
      return { syncs, pushes, delivered: 0 };
    },
  };
}

async function startFloor(kind: 'read' | 'fsync', folder: string): Promise<Running> {
  const file = await open(join(folder, 'log'), 'w');
  let syncs = 0;
  let pushes = 0;
  let turn = Promise.resolve();
  const keep = (body: Buffer): Promise<void> => {
    const before = turn;
    turn = (async () => {
      await before;
      await file.write(body);
      await file.datasync();
      syncs++;
    })();
    return turn;
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      pushes++;
      const answer = (): void => void response.end('{}');
      if (kind === 'read') answer();
      else void keep(Buffer.concat(chunks)).then(answer);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      server.close();
      await file.close();
      return { syncs, pushes, delivered: 0 };
    },
  };
}

function peakRssMb(): number {
  if (process.platform !== 'linux') return (process.resourceUsage().maxRSS * 1024) / 1e6;
  const status = readFileSync('/proc/self/status', 'utf8');
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) * 1024) / 1e6;
}

type Argv = [string, string, ServerKind, string, string, string];
const [, , kind, folder, token, destination] = process.argv as Argv;
const start = (): Promise<Running> => {
  if (kind === 'inbox') return startInbox(folder, token);
  return kind === 'service' ? startService(folder, token, destination) : startFloor(kind, folder);
};
const running = await start();
const delay = monitorEventLoopDelay({ resolution: 5 });
process.send!({ port: running.port });
process.on('message', (order: 'measure' | 'stop') => {
  if (order === 'measure') delay.enable();
  else void report();
});

async function report(): Promise<void> {
  delay.disable();
  const { user, system } = process.cpuUsage();
  const [cpuSeconds, loopMs] = [(user + system) / 1e6, delay.max / 1e6];
  const peak = peakRssMb();
  const counts = await running.stop();
  process.send!({ cpuSeconds, loopMs, peakRssMb: peak, ...counts } satisfies ServerReport);
  process.disconnect();
}
