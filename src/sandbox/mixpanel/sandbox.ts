import { credentialsSchema, DEMO_CREDENTIALS, type SandboxCredentials } from './auth.ts';
import { createFaults, type FaultEngine } from './faults.ts';
import { createRateLimiter, DOCUMENTED_LIMITS, type RateLimiter } from './rate-limit.ts';
import type { RateLimits } from './rate-limit.ts';
import { EventStore } from './store.ts';
import { type Switches, switchesSchema } from './switches.ts';
import { newTally, type Tally } from './tally.ts';

export interface MixpanelSandboxOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  /** {@link DEMO_CREDENTIALS} when left out. */
  readonly credentials?: SandboxCredentials;
  readonly switches?: Partial<Switches>;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Bound for the bodies of stored events, 256 MiB unless given. */
  readonly maxStoredBytes?: number;
  /** Bound for telling repeats apart, 10 million keys (about 340 MB) unless given. */
  readonly maxKeys?: number;
  /** The documented limits unless given. */
  readonly rateLimit?: Partial<RateLimits> | 'off';
}

/** Everything the sandbox knows. */
export interface SandboxState {
  readonly store: EventStore;
  readonly faults: FaultEngine;
  readonly switches: Switches;
  readonly rate: RateLimiter;
  readonly clock: () => number;
  credentials: SandboxCredentials;
  tally: Tally;
}

export function createState(options: MixpanelSandboxOptions): SandboxState {
  const clock = options.clock ?? Date.now;
  const store = new EventStore(
    options.maxStoredBytes ?? 256 * 1024 * 1024,
    options.maxKeys ?? 10_000_000,
  );
  const limits = options.rateLimit ?? {};
  return {
    store,
    clock,
    faults: createFaults(clock, () => store.everIngested),
    switches: switchesSchema.parse(options.switches ?? {}),
    rate: createRateLimiter(limits === 'off' ? 'off' : { ...DOCUMENTED_LIMITS, ...limits }, clock),
    credentials: credentialsSchema.parse(options.credentials ?? DEMO_CREDENTIALS),
    tally: newTally(),
  };
}

/** Forgets all events and counts; credentials and faults stay. */
export function resetEvents(state: SandboxState): void {
  state.store.clear();
  state.tally = newTally();
}
