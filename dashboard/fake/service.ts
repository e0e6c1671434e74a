import type * as Api from '../src/api.ts';
import { stateOf, type World } from './world.ts';

export function service(world: World): Api.ServiceInfo {
  return {
    version: '0.2.0',
    startedAt: new Date(world.now - 9 * 86_400_000).toISOString(),
    node: 'v24.21.0',
    uptimeSeconds: 9 * 86_400 + 4_000,
    dataDir: '/var/lib/sluice',
    databaseBytes: 41_300_000,
    inbox: [{ connection: 'app-push', pushes: 14, bytes: 1_900_000 }],
    retention: {
      runDays: 90,
      runs: 1000,
      jobDays: 90,
      hourlyDays: 35,
      dailyDays: 400,
      countsDays: 7,
    },
    alerts: {
      contact: 'data@example.com',
      retryingMinutes: 15,
      deadLettersPerHour: 100,
      lagMinutes: 120,
      silentHours: 24,
      expiryDays: 90,
    },
    listen: { host: '127.0.0.1', port: 8377 },
    publicUrl: null,
    trouble: null,
  };
}

/** What the service says of its connections, each second. */
export function live(world: World, second: number): Api.LiveStatus {
  return {
    at: new Date().toISOString(),
    connections: world.connections.map((connection, i) => ({
      name: connection.name,
      state: connection.paused ? { kind: 'paused' } : (connection.state ?? stateOf(i, world.now)),
      lagSeconds: connection.lagSeconds ?? 0,
      read: second * 100,
      delivered: second * 97,
      skipped: second * 3,
      deadLetters: 0,
      perSecond: ['paused', 'halted'].includes(connection.state.kind)
        ? 0
        : Math.round(140 + 60 * Math.sin(second / 5 + i) + ((second * 7919) % 40)),
    })),
  };
}
