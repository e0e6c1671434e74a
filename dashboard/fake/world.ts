import type * as Api from '../src/api.ts';
import { catalogue } from './catalogue.ts';
import { type CohortWorld, cohortWorld } from './cohort-world.ts';
import { lettersOf } from './letters.ts';

/** The made-up service behind the fake API. */
export interface World {
  readonly now: number;
  connections: Api.ConnectionDetail[];
  letters: Api.DeadLetter[];
  readonly events: readonly Api.EventDetail[];
  readonly drafts: Map<string, Api.Draft>;
  users: Api.User[];
  tokens: Api.ApiToken[];
  readonly audit: Api.AuditEntry[];
  jobs: Api.Job[];
  readonly cohort: CohortWorld;
}

const HOUR = 3_600_000;

export interface WorldOptions {
  readonly connections?: number;
  readonly deadLetters?: number;
}

export function createWorld({ connections = 4, deadLetters = 143 }: WorldOptions = {}): World {
  const now = Date.now();
  const ago = (hours: number) => new Date(now - hours * HOUR).toISOString();
  const names = Array.from({ length: connections }, (_, i) => NAMES[i] ?? `market-${i + 1}`);
  const user = (name: string, role: Api.Role, seen: number | null): Api.User => ({
    name,
    role,
    createdAt: ago(2000),
    lastSeenAt: seen === null ? null : ago(seen),
    disabled: false,
    signIn: 'password',
  });
  return {
    now,
    cohort: cohortWorld(names.length === 0, now),
    connections: names.map((name, i) => connectionOf(name, i, now)),
    letters: names.length === 0 ? [] : lettersOf(names, deadLetters, now),
    events: catalogue(),
    drafts: new Map(),
    users: [
      user('admin', 'admin', 0),
      user('maria', 'editor', 5),
      user('joao', 'viewer', 72),
      { ...user('lee@example.com', 'viewer', null), signIn: 'oidc' },
    ],
    tokens: [
      {
        id: 1,
        name: 'grafana',
        role: 'viewer',
        createdAt: ago(900),
        createdBy: 'admin',
        lastUsedAt: ago(0.1),
        expiresAt: null,
      },
    ],
    audit: AUDIT.map(([actor, action, target, detail], i) => ({
      at: ago(i * 7 + 0.4),
      actor,
      action,
      target,
      detail,
    })),
    jobs: [
      {
        id: 2,
        kind: 'backfill',
        since: hourOf(now - 90 * 24 * HOUR),
        until: null,
        reached: hourOf(now - 34 * 24 * HOUR),
        state: 'running',
        detail: null,
        createdAt: ago(0.6),
        endedAt: null,
      },
      {
        id: 1,
        kind: 'replay',
        since: hourOf(now - 20 * 24 * HOUR),
        until: hourOf(now - 19 * 24 * HOUR),
        reached: hourOf(now - 19 * 24 * HOUR),
        state: 'finished',
        detail: null,
        createdAt: ago(300),
        endedAt: ago(299),
      },
    ],
  };
}

const NAMES = ['prod-email', 'app-push', 'loyalty-brazil', 'sandbox-copy'];

const AUDIT = [
  ['maria', 'connection.change', 'prod-email', 'settings.events'],
  ['maria', 'dead-letters.retry', 'prod-email', '12 delivered'],
  ['admin', 'add token', 'grafana', 'role viewer'],
  ['admin', 'add user', 'joao', 'role viewer'],
  ['admin', 'connection.create', 'prod-email', ''],
] as const;

export function hourOf(at: number): string {
  return new Date(at).toISOString().slice(0, 13).replace('T', '-');
}

export function stateOf(i: number, now: number): Api.State {
  const kinds: Api.State[] = [
    { kind: 'active' },
    {
      kind: 'halted',
      since: new Date(now - 3 * HOUR).toISOString(),
      detail: 'HTTP 401: Invalid credentials.',
      hint: 'Check the credentials, the project and the region; a service account needs the role Admin or Owner.',
    },
    { kind: 'catching-up', bytesLeft: 4_300_000_000, secondsLeft: 5_400 },
    { kind: 'paused' },
    { kind: 'idle' },
    {
      kind: 'retrying',
      since: new Date(now - 600_000).toISOString(),
      detail: 'HTTP 503: Service Unavailable',
    },
  ];
  return kinds[i % kinds.length]!;
}

/** Load over the hours of a day, as a shop has it. */
function wave(hour: number, i: number): number {
  return Math.max(0, Math.round((1 + Math.sin(((hour - 9 + i) / 24) * 2 * Math.PI)) * 4200));
}

export function connectionOf(name: string, i: number, now: number): Api.ConnectionDetail {
  const state = stateOf(i, now);
  const isStill = state.kind === 'paused' || state.kind === 'halted';
  const byHour = Array.from({ length: 24 }, (_, h) =>
    isStill && h > 20 ? 0 : wave(h, i) + h * 11,
  );
  const delivered = byHour.reduce((sum, n) => sum + n, 0);
  const skipped = Math.round(delivered * 0.031);
  const isPush = i % 3 === 1;
  return {
    name,
    source: isPush
      ? { kind: 'inbox', title: "Braze's push", place: `/currents/${name}` }
      : { kind: 's3', title: 'Amazon S3', place: `acme-braze-currents/currents/${name}` },
    state,
    paused: state.kind === 'paused',
    lagSeconds: state.kind === 'halted' ? 3 * 3600 : state.kind === 'catching-up' ? 41 * 86_400 : 0,
    deliveredAt: new Date(now - (isStill ? 3 * HOUR : 21_000)).toISOString(),
    receivedAt: new Date(now - 90_000).toISOString(),
    last24h: {
      read: delivered + skipped + (i === 0 ? 12 : 0),
      delivered,
      skipped,
      deadLetters: i === 0 ? 12 : 0,
      byHour,
    },
    deadLetters: i === 0 ? 131 : i === 2 ? 12 : 0,
    problems: i === 2 ? 2 : 0,
    createdAt: new Date(now - 60 * 24 * HOUR).toISOString(),
    revision: 3,
    pushUrl: isPush ? `/currents/${name}` : null,
    warnings:
      i === 3
        ? ['Mixpanel retires the API secret on 3 March 2027. Use a service account instead.']
        : [],
    spec: {
      name,
      contact: 'data@example.com',
      source: isPush
        ? { kind: 'inbox', token: '***' }
        : {
            kind: 's3',
            bucket: 'acme-braze-currents',
            prefix: `currents/${name}`,
            region: 'eu-central-1',
            pathStyle: false,
            credentials: { kind: 'default' },
          },
      destination: {
        kind: 'mixpanel',
        region: 'eu',
        credentials: {
          kind: 'service-account',
          username: 'sluice.1a2b3c.mp-service-account',
          secret: '***',
          projectId: '1234567',
        },
        token: '***',
      },
      settings: {
        events: i === 0 ? ['users.messages.email.*', 'users.behaviors.Purchase'] : ['*'],
        usersWithoutExternalId: 'skip',
        privacy: { pii: 'keep', identity: 'keep', fields: {} },
      },
    },
  };
}
