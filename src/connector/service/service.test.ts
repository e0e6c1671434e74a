import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StateError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { openInbox } from '../../state/inbox.ts';
import { openState, type State } from '../../state/state.ts';
import { serviceSettings } from '../service-settings.ts';
import { type Service, startService } from './service.ts';

const LOG: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const OBSERVER = {
  settled: () => undefined,
  sent: () => undefined,
  secrets: () => undefined,
  gone: () => undefined,
};

function specOf(name: string, path: string) {
  return {
    name,
    source: { kind: 'directory', path },
    destination: {
      kind: 'mixpanel',
      region: 'us',
      url: 'http://127.0.0.1:9',
      credentials: { kind: 'project-token', token: 'token' },
    },
  };
}

/** A service with one connection `c`, on a state that goes wrong in some way. */
async function serviceOn(worsen: (state: State) => State): Promise<Service & { state: State }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-service-'));
  const state = openState(folder, {});
  await state.connections.put('c', specOf('c', folder), 0);
  const inbox = await openInbox(folder);
  const service = await startService({
    state: worsen(state),
    inbox,
    settings: serviceSettings.parse({}),
    log: LOG,
    observer: OBSERVER,
    graceMs: 100,
  });
  onTestFinished(async () => {
    await service.stop();
    await inbox.close();
    state.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { ...service, state };
}

const fails = (): Promise<never> =>
  Promise.reject(new StateError('disk_full', 'The disk is full', { hint: 'Free some space.' }));

test('a connection that could not be started is tried again, and the service says so until it runs', async () => {
  let isFull = true;
  const service = await serviceOn((state) => ({
    ...state,
    ledger: {
      ...state.ledger,
      problems: (name) => (isFull ? fails() : state.ledger.problems(name)),
    },
  }));
  expect(service.statuses()).toEqual([]);
  expect(service.unready()).toMatch(/c could not be started/);
  isFull = false;
  await vi.waitFor(() => expect(service.statuses()).toHaveLength(1), { timeout: 10_000 });
  expect(service.unready()).toBeUndefined();
});

test('a state that could not be stored is stored once that works', async () => {
  let isFull = true;
  const service = await serviceOn((state) => ({
    ...state,
    statuses: { ...state.statuses, put: (all) => (isFull ? fails() : state.statuses.put(all)) },
  }));
  await vi.waitFor(() => expect(service.unready()).toMatch(/disk is full/), { timeout: 10_000 });
  isFull = false;
  await vi.waitFor(
    async () => expect(await service.state.statuses.list()).toMatchObject([{ connection: 'c' }]),
    { timeout: 10_000 },
  );
  await vi.waitFor(() => expect(service.unready()).toBeUndefined(), { timeout: 10_000 });
});
