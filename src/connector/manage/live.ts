import type { ConnectionState, ConnectionStatus } from '../../core/connections.ts';
import { every } from '../service/timer.ts';
import type { Service } from '../service/service.ts';
import type { Point } from './figures.ts';

const TICK_MS = 1000;
const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Throughput is that of the last few seconds: batches come one at a time. */
const RATE_TICKS = 5;

export interface LiveConnection {
  readonly name: string;
  readonly state: ConnectionState;
  readonly lagSeconds: number;
  /** Since the service started, as the three below. */
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly deadLetters: number;
  /** Delivered. */
  readonly perSecond: number;
}

export interface LiveStatus {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly connections: readonly LiveConnection[];
}

export interface Live {
  /** Calls back every second until the returned function is called. The first time at once. */
  follow(callback: (status: LiveStatus) => void): () => void;
  /** The last hour of a connection by the minute, as far as this service has run. */
  minutes(name: string): Point[];
  stop(): Promise<void>;
}

const SUMS = ['read', 'delivered', 'skipped', 'deadLetters'] as const;
type Sums = Pick<ConnectionStatus, (typeof SUMS)[number]>;

interface Track {
  /** What the counters said last; they start again with the connection. */
  last: Sums;
  readonly minutes: Point[];
  /** Delivered in each of the last ticks. */
  readonly rate: number[];
}

/** Looks at every connection once a second, once for all that follow. */
export function startLive(service: Pick<Service, 'statuses'>, now: () => number): Live {
  const tracks = new Map<string, Track>();
  const followers = new Set<(status: LiveStatus) => void>();
  let latest: LiveStatus = { at: now(), connections: [] };

  const look = (): LiveStatus => {
    const at = now();
    const statuses = service.statuses();
    const names = new Set(statuses.map(({ connection }) => connection));
    for (const name of tracks.keys()) if (!names.has(name)) tracks.delete(name);
    return { at, connections: statuses.map((each) => lookAt(each, at)) };
  };

  const lookAt = (status: ConnectionStatus, at: number): LiveConnection => {
    const { connection, state, lagSeconds, read, delivered, skipped, deadLetters } = status;
    const sums = { read, delivered, skipped, deadLetters };
    let track = tracks.get(connection);
    if (!track) tracks.set(connection, (track = { last: sums, minutes: [], rate: [] }));
    const isAnew = SUMS.some((key) => sums[key] < track.last[key]);
    const minute = minuteOf(track, at);
    for (const key of SUMS) minute[key] += isAnew ? sums[key] : sums[key] - track.last[key];
    minute.lagSeconds = Math.max(minute.lagSeconds ?? 0, lagSeconds);
    track.rate.push(isAnew ? delivered : delivered - track.last.delivered);
    if (track.rate.length > RATE_TICKS) track.rate.shift();
    track.last = sums;
    const perSecond = track.rate.reduce((sum, n) => sum + n, 0) / track.rate.length;
    return { name: connection, state, lagSeconds, ...sums, perSecond };
  };

  const timer = every(TICK_MS, () => {
    latest = look();
    for (const callback of followers) callback(latest);
    return Promise.resolve();
  });
  latest = look();

  return {
    follow(callback) {
      followers.add(callback);
      callback(latest);
      return () => followers.delete(callback);
    },
    minutes(name) {
      const track = tracks.get(name);
      const first = Math.floor(now() / MINUTE_MS) * MINUTE_MS - (MINUTES - 1) * MINUTE_MS;
      const known = new Map(track?.minutes.map((each) => [each.at, each]));
      return Array.from({ length: MINUTES }, (_, i) => {
        const at = first + i * MINUTE_MS;
        return known.get(at) ?? emptyPoint(at);
      });
    },
    async stop() {
      followers.clear();
      await timer.stop();
    },
  };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function emptyPoint(at: number): Writable<Point> {
  return { at, read: 0, delivered: 0, skipped: 0, deadLetters: 0, lagSeconds: null };
}

function minuteOf({ minutes }: Track, at: number): Writable<Point> {
  const start = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const last = minutes.at(-1);
  if (last?.at === start) return last;
  const point = emptyPoint(start);
  minutes.push(point);
  if (minutes.length > MINUTES) minutes.shift();
  return point;
}
