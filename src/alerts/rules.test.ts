import { describe, expect, test } from 'vitest';
import {
  aConnection,
  DAY,
  haltedState,
  HOUR,
  MINUTE,
  retryingState,
  START,
  statusOf,
} from '../../test/support/alerts.ts';
import type { ConnectionStatus } from '../core/connections.ts';
import {
  type AlertConnection,
  type AlertContext,
  API_SECRET_RETIRES,
  conditions,
  DEFAULT_RULES,
} from './rules.ts';

const now = START;

/** Kinds that hold for one connection; those that are not sure with a question mark. */
function kinds(
  status: Partial<ConnectionStatus>,
  more: {
    connection?: Partial<AlertConnection>;
    context?: Partial<AlertContext>;
    now?: number;
  } = {},
): string[] {
  const at = more.now ?? now;
  const context: AlertContext = {
    connections: [aConnection('c', more.connection)],
    startedAt: now - 3 * DAY,
    deadLetters: () => ({ n: 0, whole: true }),
    ...more.context,
  };
  return conditions([statusOf('c', at, status)], context, DEFAULT_RULES, at).map(
    ({ kind, unsure }) => (unsure ? `${kind}?` : kind),
  );
}

test('a connection that is well has nothing to tell', () => {
  expect(kinds({})).toEqual([]);
  expect(kinds({ state: { kind: 'active' } })).toEqual([]);
});

test('halted tells what is wrong, since when and what to do', () => {
  const context = {
    connections: [aConnection('c')],
    startedAt: now,
    deadLetters: () => ({ n: 0, whole: true }),
  };
  const status = statusOf('c', now, { state: haltedState(now - 5), lagSeconds: 9e9 });
  expect(conditions([status], context, DEFAULT_RULES, now)[0]).toEqual({
    connection: 'c',
    kind: 'halted',
    detail: 'Mixpanel refuses the credentials (HTTP 401).',
    hint: 'Put the new secret into the connection and apply it.',
    since: now - 5,
  });
});

test('retrying counts from more than 15 minutes on', () => {
  expect(kinds({ state: retryingState(now - 15 * MINUTE) })).toContain('retrying?');
  expect(kinds({ state: retryingState(now - 15 * MINUTE - 1) })).toContain('retrying');
});

test('a connection may have bounds of its own, or none at all', () => {
  const state = retryingState(now - 15 * MINUTE - 1);
  expect(kinds({ state }, { connection: { rules: { retryingMinutes: 60 } } })).not.toContain(
    'retrying',
  );
  expect(kinds({ state: haltedState(now) }, { connection: { off: true } })).toEqual([]);
});

test('dead letters count above their rate, and are over well below it, once an hour was seen', () => {
  const of = (n: number, whole = true) =>
    kinds({}, { context: { deadLetters: () => ({ n, whole }) } });
  expect(of(101)).toEqual(['dead_letters']);
  expect(of(101, false)).toEqual(['dead_letters']);
  expect(of(100)).toEqual(['dead_letters?']);
  expect(of(80)).toEqual([]);
  expect(of(0, false)).toEqual(['dead_letters?']);
});

describe('lag', () => {
  const bound = 120 * 60;

  test('counts above its bound, and is over well below it', () => {
    expect(kinds({ lagSeconds: bound + 1 })).toEqual(['lag']);
    expect(kinds({ lagSeconds: bound })).toEqual(['lag?']);
    expect(kinds({ lagSeconds: bound * 0.8 })).toEqual([]);
  });

  test('is not told of one that will soon have caught up, is halted, retries or is paused', () => {
    const catchingUp = (secondsLeft?: number) =>
      kinds({
        lagSeconds: 9 * bound,
        state: {
          kind: 'catching-up',
          bytesLeft: 1,
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        },
      });
    expect(catchingUp(bound)).toEqual(['lag?']);
    expect(catchingUp(bound + 1)).toEqual(['lag']);
    expect(catchingUp()).toEqual(['lag']);
    expect(kinds({ lagSeconds: 9 * bound, state: haltedState(now) })).toContain('lag?');
    expect(kinds({ lagSeconds: 9 * bound, state: retryingState(now) })).toContain('lag?');
    expect(kinds({ lagSeconds: 9 * bound, state: { kind: 'paused' } })).toEqual([]);
  });
});

describe('nothing received', () => {
  test('counts after 24 hours, but not while paused', () => {
    const receivedAt = now - DAY - 1;
    expect(kinds({ receivedAt: now - DAY })).toEqual([]);
    expect(kinds({ receivedAt })).toEqual(['nothing_received']);
    expect(kinds({ receivedAt, state: { kind: 'paused' } })).toEqual([]);
    expect(kinds({ receivedAt, state: haltedState(now) })).toContain('nothing_received?');
  });

  test('without anything ever, counts from the later of the creation and the start of the service', () => {
    const of = (createdAt: number, startedAt: number) =>
      kinds({ receivedAt: null }, { connection: { createdAt }, context: { startedAt } });
    expect(of(now - 9 * DAY, now - 2 * DAY)).toEqual(['nothing_received']);
    expect(of(now - 9 * DAY, now - HOUR)).toEqual(['nothing_received?']);
    expect(of(now - HOUR, now - 9 * DAY)).toEqual(['nothing_received?']);
  });
});

test('slices that can not be read are told', () => {
  expect(kinds({ problems: 1 })).toEqual(['unreadable']);
});

test('the API secret is told 90 days before it is retired, paused or not, and reminded of 14 days before', () => {
  const expires = { what: 'The Mixpanel API secret', at: API_SECRET_RETIRES };
  expect(new Date(API_SECRET_RETIRES).toISOString()).toBe('2027-03-03T00:00:00.000Z');
  const from = API_SECRET_RETIRES - 90 * DAY;
  expect(kinds({}, { connection: { expires }, now: from - 1 })).toEqual([]);
  expect(kinds({}, { connection: { expires }, now: from })).toEqual(['credentials_expire']);
  expect(kinds({ state: { kind: 'paused' } }, { connection: { expires }, now: from })).toEqual([
    'credentials_expire',
  ]);
  const context = {
    connections: [aConnection('c', { expires })],
    startedAt: 0,
    deadLetters: () => ({ n: 0, whole: true }),
  };
  expect(conditions([statusOf('c', from)], context, DEFAULT_RULES, from)).toEqual([
    {
      connection: 'c',
      kind: 'credentials_expire',
      detail: 'The Mixpanel API secret ends on 3 March 2027, in 90 days.',
      remindAt: API_SECRET_RETIRES - 14 * DAY,
    },
  ]);
});

test('of a connection without a status nothing is sure', () => {
  const context = {
    connections: [aConnection('c')],
    startedAt: now,
    deadLetters: () => ({ n: 0, whole: false }),
  };
  const found = conditions([], context, DEFAULT_RULES, now);
  expect(found).toHaveLength(6);
  expect(found.every(({ unsure }) => unsure)).toBe(true);
});

test('a status of a connection that there is no more says nothing', () => {
  const context = { connections: [], startedAt: now, deadLetters: () => ({ n: 0, whole: true }) };
  expect(conditions([statusOf('c', now, { problems: 1 })], context, DEFAULT_RULES, now)).toEqual(
    [],
  );
});
