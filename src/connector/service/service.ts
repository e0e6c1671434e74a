import type { ConnectionStatus, StoredConnection } from '../../core/connections.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Inbox, InboxDepth } from '../../core/inbox.ts';
import type { Log } from '../../core/log.ts';
import { createInFlight } from '../../pipeline/in-flight.ts';
import { startLoop } from '../../pipeline/loop.ts';
import { DEFAULT_BACKOFF } from '../../pipeline/retry.ts';
import { createTracker, type Tracker } from '../../pipeline/tracker.ts';
import type { State } from '../../state/state.ts';
import { type ConnectionSpec, connectionSpec, parseConnection } from '../connection.ts';
import { secretsOf } from '../redact.ts';
import type { ServiceSettings } from '../service-settings.ts';
import type { Observer } from './observe.ts';
import { openWork } from './open-work.ts';
import { pushTargetOf, type PushTarget } from './push-target.ts';
import { every } from './timer.ts';
import { watching } from './watched.ts';

export interface ServiceOptions {
  readonly state: State;
  readonly inbox: Inbox;
  readonly settings: ServiceSettings;
  readonly log: Log;
  readonly observer: ServiceObserver;
  /** First wait after a failed request, in milliseconds. */
  readonly backoffMs?: number;
  /** How long a stop waits for what is in flight. */
  readonly graceMs?: number;
}

export interface ServiceObserver extends Observer {
  /** A connection is about to start with these secrets: no text that is shown may hold one. */
  secrets(connection: string, secrets: readonly string[]): void;
  /** A connection was deleted. */
  gone(connection: string): void;
}

/** What runs of one connection. */
interface Running {
  readonly stored: StoredConnection;
  /** Undefined when the stored spec is no longer valid. */
  readonly spec: ConnectionSpec | undefined;
  readonly tracker: Tracker;
  readonly push: PushTarget | undefined;
  wake(): void;
  stop(graceMs: number): Promise<void>;
}

export interface Service {
  statuses(): ConnectionStatus[];
  /** Undefined when it does not run yet, or is gone. */
  status(connection: string): ConnectionStatus | undefined;
  /** The connections that run, with their specs. */
  specs(): { spec: ConnectionSpec; createdAt: number }[];
  /** Where a push to this connection goes; undefined when there is no such connection or it takes none. */
  pushTarget(connection: string): PushTarget | undefined;
  inboxes(): ({ connection: string } & InboxDepth)[];
  inFlightBytes(): number;
  /** Why it can't do its work now; undefined when it can. */
  unready(): string | undefined;
  /** Settles what is in flight, within the grace, and lets go of everything but the state and the inbox. */
  stop(): Promise<void>;
}

const FOLLOW_MS = 500;
const PUBLISH_MS = 2000;
const RECHECK_MS = 300_000;
const GRACE_MS = 20_000;
/** Stands for a revision that could not be acted upon. */
const NOT_DONE = -1;

/** Runs every connection of a data folder and follows their changes, whichever process makes them. Throws StateError. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { state, inbox, settings, log, observer } = options;
  const graceMs = options.graceMs ?? GRACE_MS;
  const running = new Map<string, Running>();
  /** Connections that are being stopped or started; the next change of one waits for the last. */
  const changing = new Map<string, Promise<void>>();
  const inFlight = createInFlight(settings.memoryBytes / 2);
  const before = new Map((await state.statuses.list()).map((each) => [each.connection, each]));
  let revision: number | undefined;
  /** What does not work now, by what it is. */
  const troubles = new Map<string, string>();
  let isStopping = false;

  const bytesPerBatch = (): number => settings.memoryBytes / 2 / Math.max(1, running.size);

  const start = async (stored: StoredConnection): Promise<Running> => {
    const { name } = stored;
    observer.secrets(name, secretsOf(connectionSpec, stored.spec));
    const tracker = createTracker({
      connection: name,
      now: Date.now,
      oldestWaiting: () => inbox.depth(name).oldestReceivedAt ?? undefined,
      ...(before.has(name) ? { before: before.get(name)! } : {}),
      problems: (await state.ledger.problems(name)).map(({ slice }) => slice),
    });
    const resting = { stored, tracker, wake: () => undefined, stop: () => Promise.resolve() };
    let spec: ConnectionSpec | undefined;
    try {
      spec = parseConnection(stored.spec);
      const push = pushTargetOf(spec);
      if (stored.paused) {
        tracker.paused();
        return { ...resting, spec, push };
      }
      const work = openWork({ ...options, spec, tracker, inFlight, bytesPerBatch });
      const loop = startLoop(work, {
        log,
        backoff: { ...DEFAULT_BACKOFF, baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs },
        recheckMs: RECHECK_MS,
        onPass: tracker.pass,
        onIdle: tracker.idle,
        onHalted: tracker.halted,
        onFailed: tracker.retrying,
      });
      return { stored, spec, tracker, push, ...loop };
    } catch (error) {
      // One connection that can't be opened must not keep the others from running.
      if (!(error instanceof SluiceError)) throw error;
      tracker.halted(error.message, error.hint ?? 'Put its settings right: sluice apply.');
      return { ...resting, spec, push: undefined };
    }
  };

  const change = (name: string, wanted: StoredConnection | undefined): void => {
    const step = async (): Promise<void> => {
      const old = running.get(name);
      if (old) {
        before.set(name, old.tracker.status());
        await old.stop(graceMs);
      }
      if (!wanted || isStopping) {
        running.delete(name);
        if (!isStopping) await forget(name);
        return;
      }
      running.set(name, await start(wanted));
      log.info(old ? 'connection changed' : 'connection started', {
        connection: name,
        paused: wanted.paused,
      });
    };
    const next = (changing.get(name) ?? Promise.resolve()).then(step);
    changing.set(
      name,
      next.then(
        () => void troubles.delete(name),
        (error: unknown) => {
          again = true;
          known.set(name, NOT_DONE);
          if (troubles.has(name)) return;
          troubles.set(name, `${name} could not be started`);
          log.error('a connection could not be started', { connection: name }, error);
        },
      ),
    );
  };

  const forget = async (name: string): Promise<void> => {
    before.delete(name);
    observer.gone(name);
    const { pushes } = inbox.depth(name);
    log.info('connection deleted', { connection: name, pushes_left: pushes });
    // What was acknowledged and not delivered stays, for a connection of that name to go on with.
    if (pushes === 0) await inbox.remove(name);
  };

  const follow = async (): Promise<void> => {
    const current = await state.connections.revision();
    if (current === revision && !again) return;
    again = false;
    const wanted = new Map((await state.connections.list()).map((each) => [each.name, each]));
    for (const name of [...known.keys()])
      if (!wanted.has(name)) {
        known.delete(name);
        change(name, undefined);
      }
    for (const [name, stored] of wanted)
      if (known.get(name) !== stored.revision) {
        known.set(name, stored.revision);
        change(name, stored);
      } else if ((await state.jobs.open(name)).length > 0) running.get(name)?.wake();
    revision = current;
  };
  /** The revisions that were acted upon. */
  const known = new Map<string, number>();
  /** Something could not be done: the connections are to be looked at again though nobody changed them. */
  let again = false;

  const statuses = (): ConnectionStatus[] =>
    [...running.values()].map(({ tracker }) => tracker.status());

  const published = new Map<string, string>();
  const said = new Map<string, ConnectionStatus['state']['kind']>();
  const publish = async (): Promise<void> => {
    const changed = new Map<string, ConnectionStatus>();
    for (const each of statuses()) {
      const text = JSON.stringify({ ...each, at: 0, lagSeconds: Math.floor(each.lagSeconds / 10) });
      if (published.get(each.connection) === text) continue;
      changed.set(text, each);
      sayStateChange(log, said.get(each.connection), each);
      said.set(each.connection, each.state.kind);
    }
    if (changed.size > 0) await state.statuses.put([...changed.values()]);
    // Only what was stored needs no storing again.
    for (const [text, { connection }] of changed) published.set(connection, text);
  };

  const watched = watching(troubles, log);

  await follow();
  await Promise.all(changing.values());
  const timers = [
    every(FOLLOW_MS, watched('the connections can not be followed', follow)),
    every(PUBLISH_MS, watched('the states of the connections can not be stored', publish)),
  ];

  return {
    statuses,
    status: (name) => running.get(name)?.tracker.status(),
    specs: () =>
      [...running.values()].flatMap(({ spec, stored }) =>
        spec ? [{ spec, createdAt: stored.createdAt }] : [],
      ),
    pushTarget: (name) => running.get(name)?.push,
    inboxes: () =>
      [...running.values()]
        .filter(({ push }) => push !== undefined)
        .map(({ stored: { name } }) => ({ connection: name, ...inbox.depth(name) })),
    inFlightBytes: () => inFlight.bytes,
    unready: () => (isStopping ? 'it is stopping' : [...troubles.values()][0]),
    async stop() {
      isStopping = true;
      await Promise.all(timers.map((timer) => timer.stop()));
      await Promise.allSettled(changing.values());
      await Promise.all([...running.values()].map((each) => each.stop(graceMs)));
      await publish();
    },
  };
}

/** One line when a connection comes into another state. */
function sayStateChange(
  log: Log,
  old: ConnectionStatus['state']['kind'] | undefined,
  { connection, state }: ConnectionStatus,
): void {
  if (old === state.kind) return;
  const isBusy = (kind: string | undefined): boolean =>
    kind === undefined || kind === 'idle' || kind === 'active';
  if (isBusy(old) && isBusy(state.kind)) return;
  const fields = {
    connection,
    state: state.kind,
    ...('detail' in state ? { detail: state.detail } : {}),
  };
  if (state.kind === 'halted' || state.kind === 'retrying')
    log.warn(`connection ${state.kind}`, fields);
  else log.info(`connection ${state.kind}`, fields);
}
