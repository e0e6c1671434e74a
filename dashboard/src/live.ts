import { useSyncExternalStore } from 'react';
import type { LiveConnection, LiveStatus } from './api.ts';
import { urlOf } from './client.ts';

/** One look at a connection, for the live chart. */
export interface LivePoint {
  readonly at: number;
  readonly perSecond: number;
  readonly lagSeconds: number;
}

interface Live {
  readonly now: LiveConnection;
  readonly points: readonly LivePoint[];
}

/** Two minutes at one look a second. */
const KEPT = 120;
const RECONNECT_MS = 3_000;

let byName: ReadonlyMap<string, Live> = new Map();
let isConnected = false;
const listeners = new Set<() => void>();

export function take(status: LiveStatus): void {
  const at = Date.parse(status.at);
  byName = new Map(
    status.connections.map((now) => {
      const point = { at, perSecond: now.perSecond, lagSeconds: now.lagSeconds };
      const points = [...(byName.get(now.name)?.points ?? []), point].slice(-KEPT);
      return [now.name, { now, points }];
    }),
  );
  for (const each of listeners) each();
}

function setConnected(value: boolean): void {
  if (isConnected === value) return;
  isConnected = value;
  for (const each of listeners) each();
}

/** Listens to the service until it is stopped; comes back by itself after a break. */
export function startLive(): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource(urlOf('/live'));
    source.addEventListener('status', ({ data }: MessageEvent<string>) => {
      setConnected(true);
      take(JSON.parse(data) as LiveStatus);
    });
    source.addEventListener('error', () => {
      setConnected(false);
      if (source?.readyState !== EventSource.CLOSED) return;
      clearTimeout(timer);
      timer = setTimeout(open, RECONNECT_MS);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
    byName = new Map();
    setConnected(false);
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What the service last said of a connection; undefined before its first word. */
export function useLive(name: string): Live | undefined {
  return useSyncExternalStore(subscribe, () => byName.get(name));
}

export function useIsConnected(): boolean {
  return useSyncExternalStore(subscribe, () => isConnected);
}
