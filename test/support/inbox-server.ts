import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Inbox } from '../../src/core/inbox.ts';
import { readPushLog } from '../../src/formats/push-log.ts';
import {
  type InboxRoutes,
  inboxRoutes,
  type PushObservation,
} from '../../src/server/inbox-routes.ts';
import { type ServerOptions, startServer } from '../../src/server/server.ts';
import { type InboxMachine, type InboxSettings, openInbox } from '../../src/state/inbox.ts';

export const TOKEN = 'a-token-of-20-chars.';

export interface InboxScene extends AsyncDisposable {
  readonly dir: string;
  readonly url: string;
  readonly inbox: Inbox;
  readonly seen: PushObservation[];
  /** Faults that the server told of. */
  readonly faults: Error[];
  push(body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
  /** What is durable of connection `c`, in order. */
  kept(): Promise<string[]>;
  /** Ends server and inbox, and leaves the folder. */
  stop(): Promise<void>;
}

export interface InboxSceneOptions {
  /** Data folder; by default one that goes with the scene. */
  readonly folder?: string;
  readonly inbox?: Partial<InboxSettings>;
  readonly machine?: Partial<InboxMachine>;
  readonly server?: ServerOptions['limits'];
  readonly routes?: Partial<InboxRoutes>;
}

/** A server with an inbox in a folder of its own. It knows one connection, `c`. */
export async function openInboxScene(options: InboxSceneOptions = {}): Promise<InboxScene> {
  const dir = options.folder ?? (await mkdtemp(join(tmpdir(), 'sluice-pushes-')));
  if (options.folder !== undefined) await mkdir(dir);
  const inbox = await openInbox(dir, options.inbox, options.machine);
  const seen: PushObservation[] = [];
  const faults: Error[] = [];
  const tokenDigest = createHash('sha256').update(TOKEN).digest();
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    ...(options.server ? { limits: options.server } : {}),
    onFault: (error) => faults.push(error),
    register: inboxRoutes({
      inbox,
      find: (connection) => (connection === 'c' ? { tokenDigest } : undefined),
      observe: (push) => seen.push(push),
      ...options.routes,
    }),
  });
  const stop = async (): Promise<void> => {
    await server.close();
    await inbox.close();
  };
  return {
    ...{ dir, url: server.url, inbox, seen, faults, stop },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
    push: (body, headers = {}) =>
      fetch(`${server.url}/currents/c`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      }),
    kept: () => bodiesIn(inbox, 'c'),
  };
}

/** The bodies that wait in an inbox, in order. Throws when one is damaged. */
export async function bodiesIn(inbox: Inbox, connection: string): Promise<string[]> {
  const { signal } = new AbortController();
  const bodies: string[] = [];
  await inbox.seal(connection);
  for (const slice of await inbox.segments(connection, 'waiting'))
    for await (const item of readPushLog(inbox.read(connection, slice, 0, signal), 0)) {
      if (item.kind === 'damage') throw new Error(item.message);
      bodies.push(Buffer.from(item.body).toString());
    }
  return bodies;
}
