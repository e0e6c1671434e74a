import type * as Api from '../src/api.ts';

export function balanceOf(connection: Api.ConnectionDetail): Api.Balance {
  const delivered = connection.last24h.delivered * 57;
  const skipped = Math.round(delivered * 0.031);
  const { deadLetters } = connection;
  const isBroken = connection.name === 'sandbox-copy';
  return {
    read: delivered + skipped + deadLetters + (isBroken ? 3 : 0),
    delivered,
    skipped: { no_external_user_id: skipped - 420, deselected: 420 },
    deadLetters,
    balanced: !isBroken,
    breaks: isBroken
      ? [
          {
            slice: 'event_type=users.messages.email.Open/date=2026-11-03-09/4.avro',
            problem: '4,000 records were read, but its counts add up to 3,997',
          },
        ]
      : [],
    unreadable:
      connection.problems > 0
        ? [
            {
              slice: 'event_type=users.messages.email.Click/date=2026-11-03-09/1.avro',
              problem:
                'the file breaks off (byte 5323). It is still being written, or was copied in part.',
            },
          ]
        : [],
  };
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  hour: [60, 60_000],
  day: [24, 3_600_000],
  week: [168, 3_600_000],
  month: [30, 86_400_000],
};

export function figures(
  connection: Api.ConnectionDetail,
  period: string,
  now: number,
): Api.Figures {
  const [n, step] = STEPS[period] ?? STEPS['day']!;
  const start = Math.floor(now / step) * step - (n - 1) * step;
  const points = Array.from({ length: n }, (_, i) => {
    const at = start + i * step;
    const hour = connection.last24h.byHour[new Date(at).getUTCHours()]!;
    const delivered = Math.round(
      ((hour * step) / 3_600_000) * (1 + 0.2 * Math.sin(i * 1.7)) * (step > 3_600_000 ? 0.7 : 1),
    );
    const deadLetters = i % 9 === 4 ? Math.round(delivered * 0.004) : 0;
    const skipped = Math.round(delivered * 0.05);
    return {
      at: new Date(at).toISOString(),
      read: delivered + skipped + deadLetters,
      delivered,
      skipped,
      deadLetters,
      lagSeconds: Math.max(0, Math.round(90 + 80 * Math.sin(i * 0.9))),
    };
  });
  return { step: step === 86_400_000 ? 'day' : step === 60_000 ? 'minute' : 'hour', points };
}

export function typesOf(connection: Api.ConnectionDetail): Api.TypeFigures[] {
  const share = [0.46, 0.31, 0.12, 0.06, 0.04, 0.01];
  return TYPES.map(([type, event], i) => {
    const delivered = Math.round(connection.last24h.delivered * 57 * share[i]!);
    const skipped = Math.round(delivered * 0.031);
    const deadLetters = i === 2 ? connection.deadLetters : 0;
    return {
      type,
      event,
      read: delivered + skipped + deadLetters,
      delivered,
      skipped: { no_external_user_id: skipped },
      deadLetters,
      newFields: i === 2 ? { link_alias: 8211 } : {},
    };
  });
}

const TYPES = [
  ['users.messages.email.Send', 'Email Send'],
  ['users.messages.email.Open', 'Email Open'],
  ['users.messages.email.Click', 'Email Click'],
  ['users.behaviors.Purchase', 'Purchase'],
  ['users.messages.pushnotification.Send', 'Push Notification Send'],
  ['users.messages.carrier-pigeon.Send', null],
] as const;

export function slices(
  connection: Api.ConnectionDetail,
  state: string,
  now: number,
): Api.SliceRow[] {
  return Array.from({ length: 5000 }, (_, i): Api.SliceRow => {
    const hour = new Date(now - i * 400_000).toISOString().slice(0, 13).replace('T', '-');
    const is = i < 2 ? 'open' : i % 611 === 9 ? 'problem' : 'done';
    return {
      slice:
        connection.source.kind === 'inbox'
          ? `push-${String(99_000 - i)}`
          : `event_type=${TYPES[i % 4]![0]}/date=${hour}/${i % 7}.avro`,
      hour,
      state: is,
      ...(is === 'problem' ? { problem: 'the file breaks off at byte 5323' } : {}),
      records: 400 + ((i * 7919) % 3600),
      bytes: 40_000 + ((i * 104_729) % 900_000),
      updatedAt: new Date(now - i * 400_000).toISOString(),
    };
  }).filter((each) => state === '' || each.state === state);
}

export function runs(now: number): Api.Run[] {
  return Array.from({ length: 240 }, (_, i) => {
    const at = now - i * 3_600_000;
    const delivered = 3000 + ((i * 7919) % 9000);
    const isHalted = i === 3;
    return {
      id: 240 - i,
      startedAt: new Date(at).toISOString(),
      endedAt: i === 0 ? null : new Date(at + 4200).toISOString(),
      state: i === 0 ? 'running' : isHalted ? 'halted' : 'finished',
      detail: isHalted ? 'HTTP 401: Invalid credentials.' : null,
      read: delivered + 93,
      delivered,
      skipped: 93,
      deadLetters: 0,
      requests: 6,
      bytesSent: delivered * 210,
    };
  });
}
