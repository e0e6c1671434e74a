import { Writable } from 'node:stream';
import { vi } from 'vitest';
import { carryOut, openControl, parseConfig, planApply } from '../../src/connector.ts';
import { tidyUp } from '../../src/connector/service/upkeep.ts';
import { serviceSettings } from '../../src/connector/service-settings.ts';
import type { ConnectionState, ConnectionStatus } from '../../src/core/connections.ts';
import { serve, type Serving } from '../../src/server/serve.ts';
import type { Scene } from './scene.ts';
import type { LogLine } from './service.ts';

export interface ServedHere extends AsyncDisposable {
  readonly url: string;
  readonly service: Serving['service'];
  /** Where the first admin is made. */
  readonly setUpUrl: string | undefined;
  readonly lines: readonly LogLine[];
  status(connection: string): ConnectionStatus;
  /** Waits until a connection is in a state. */
  state<Kind extends ConnectionState['kind']>(
    connection: string,
    kind: Kind,
  ): Promise<Extract<ConnectionState, { kind: Kind }>>;
  /** Changes connections as `sluice apply` does, beside the running service. */
  apply(connections: readonly unknown[]): Promise<void>;
  /** Forgets what nobody needs any more, as the service does once an hour. */
  tidyUp(): Promise<void>;
}

/** The whole service in this very process, so that its clock can be set. Ends with the block it is declared in. */
export async function serveHere(
  scene: Pick<Scene, 'data' | 'root'>,
  connections: readonly unknown[],
  /** Further settings of the `service:` section. */
  more: Readonly<Record<string, unknown>> = {},
): Promise<ServedHere> {
  const lines: LogLine[] = [];
  const configOf = (some: readonly unknown[]) =>
    parseConfig(
      {
        service: { listen: { port: 0 }, inbox: { minFreeBytes: 0 }, ...more },
        connections: some,
      },
      { env: {}, folder: scene.root },
    );
  const serving: Serving = await serve({
    dataDir: scene.data,
    keys: {},
    version: '0',
    config: configOf(connections),
    logTo: new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()) as LogLine);
        done();
      },
    }),
    backoffMs: 20,
    graceMs: 2000,
  });
  const status = (name: string): ConnectionStatus => {
    const found = serving.service.statuses().find(({ connection }) => connection === name);
    if (!found) throw new Error(`no connection ${name} runs`);
    return found;
  };
  return {
    url: serving.url,
    service: serving.service,
    setUpUrl: serving.setUpUrl,
    lines,
    status,
    state: (name, kind) =>
      vi.waitFor(
        () => {
          const { state } = status(name);
          if (state.kind !== kind) throw new Error(`${name} is ${JSON.stringify(state)}`);
          return state as Extract<ConnectionState, { kind: typeof kind }>;
        },
        { timeout: 20_000 },
      ),
    async apply(some) {
      const control = await openControl(scene.data, {});
      try {
        const changes = await planApply(control, configOf(some).connections, { prune: false });
        await carryOut(control, changes, Date.now());
      } finally {
        control.close();
      }
    },
    async tidyUp() {
      const state = await openControl(scene.data, {});
      try {
        await tidyUp(
          {
            ...{ service: serving.service, state, inbox: { prune: () => Promise.resolve() } },
            log: { info: () => undefined, warn: () => undefined, error: () => undefined },
            retention: serviceSettings.parse({}).retention,
          },
          Date.now(),
          new AbortController().signal,
        );
      } finally {
        state.close();
      }
    },
    [Symbol.asyncDispose]: () => serving.close(),
  };
}
