import type { Ended, Told } from './message.ts';
import { messageOf } from './message.ts';
import type { Log, Notifier } from './notifier.ts';
import type { AlertConnection } from './rules.ts';
import { type Held, keyOf } from './tracker.ts';

export interface Pace {
  /** Least time between two messages to one address, in milliseconds; what happens in between goes into one. */
  readonly spacingMs: number;
  /** First wait after a message that was not taken; doubles up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** That an alert is over is no longer told after this time. */
  readonly endsForMs: number;
}

/** Messages that one notifier sends at once. */
const MAX_UNDER_WAY = 4;

/** One address of one notifier, and what people there believe to hold. */
interface Mailbox {
  readonly notifier: Notifier;
  readonly address: string;
  readonly told: Map<string, Belief>;
  /** Keys of alerts in the message under way. */
  sending: ReadonlySet<string>;
  failures: number;
  notBefore: number;
}

interface Belief {
  readonly told: Told;
  /** When. */
  readonly at: number;
  /** When the alert was found to be over. */
  until?: number;
}

export interface Outbox {
  /** What an earlier process has told of these alerts: taken as told everywhere they go now. */
  restore(told: ReadonlyMap<string, number>): void;
  /** Starts whatever messages are due. Never waits for one. */
  post(state: OutboxState): void;
  /** Whether people somewhere believe that this alert holds, or are just being told. */
  believed(key: string): boolean;
  /** When no message is under way. */
  settled(): Promise<void>;
}

export interface OutboxState {
  readonly held: ReadonlyMap<string, Held>;
  readonly connections: readonly AlertConnection[];
  /** What a connection does now, in a word or two. */
  readonly nowOf: (connection: string) => string;
}

export interface OutboxOptions {
  readonly notifiers: readonly Notifier[];
  readonly pace: Pace;
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** People somewhere were told that these alerts hold, or that they are over. */
  readonly onTold: (told: { begun: readonly string[]; ended: readonly string[] }) => Promise<void>;
}

/**
 * Brings what people believe in line with what holds, address by address: a message says what began and what ended
 * since the last one that was taken. So a message that fails is tried again, with what has changed meanwhile, and what
 * began and ended in between is never told.
 */
export function createOutbox({ notifiers, pace, now, log, signal, onTold }: OutboxOptions): Outbox {
  const mailboxes = new Map<string, Mailbox>();
  const underWay = new Set<Promise<void>>();
  let restored: ReadonlyMap<string, number> = new Map();

  function mailboxOf(notifier: Notifier, address: string): Mailbox {
    const key = `${notifier.name} ${address}`;
    let found = mailboxes.get(key);
    if (!found) {
      found = { notifier, address, told: new Map(), sending: new Set(), failures: 0, notBefore: 0 };
      mailboxes.set(key, found);
    }
    return found;
  }

  /** Which alerts are to be known where. */
  function wantedBy({ held, connections }: OutboxState): Map<Mailbox, Map<string, Held>> {
    const byName = new Map(connections.map((connection) => [connection.name, connection]));
    const wanted = new Map<Mailbox, Map<string, Held>>();
    for (const [key, alert] of held) {
      const connection = byName.get(alert.connection);
      if (!connection) continue;
      for (const notifier of notifiers) {
        const address = notifier.addressOf(connection);
        if (address === undefined) continue;
        const mailbox = mailboxOf(notifier, address);
        const known = wanted.get(mailbox) ?? new Map<string, Held>();
        wanted.set(mailbox, known.set(key, alert));
        const at = restored.get(key);
        if (at !== undefined) mailbox.told.set(key, { told: toldOf(alert), at });
      }
    }
    restored = new Map();
    return wanted;
  }

  function post(state: OutboxState): void {
    const wanted = wantedBy(state);
    for (const [name, mailbox] of mailboxes) {
      const alerts = wanted.get(mailbox) ?? new Map<string, Held>();
      forget(mailbox, alerts, state);
      const { begun, ended } = newsFor(mailbox, alerts, state);
      if (begun.length + ended.length > 0) start(mailbox, begun, ended);
      else if (mailbox.told.size === 0 && mailbox.sending.size === 0 && isDue(mailbox))
        mailboxes.delete(name);
    }
  }

  /** Drops beliefs that are no longer this address's concern, or are over for too long. */
  function forget(
    mailbox: Mailbox,
    alerts: ReadonlyMap<string, Held>,
    { held, connections }: OutboxState,
  ): void {
    for (const [key, belief] of mailbox.told) {
      const { connection, kind } = belief.told;
      if (held.has(key)) {
        delete belief.until;
        // The alert holds but goes elsewhere now: nothing is over. One that was deleted goes nowhere, and ends soon.
        const isThere = connections.some(({ name }) => name === connection);
        if (isThere && !alerts.has(key)) mailbox.told.delete(key);
        continue;
      }
      belief.until = Math.min(belief.until ?? now(), now());
      if (now() - belief.until <= pace.endsForMs) continue;
      mailbox.told.delete(key);
      log('gave up telling that an alert is over', {
        notifier: mailbox.notifier.name,
        connection,
        kind,
      });
    }
  }

  function newsFor(
    mailbox: Mailbox,
    alerts: ReadonlyMap<string, Held>,
    { nowOf }: OutboxState,
  ): { begun: Told[]; ended: Ended[] } {
    const begun: Told[] = [];
    for (const [key, alert] of alerts) {
      // Gone for a while, though not for long enough to be over: a person who looks now would not see it.
      if (alert.goneSince !== undefined) continue;
      const belief = mailbox.told.get(key);
      if (!belief) begun.push(toldOf(alert));
      else if (isReminderDue(alert, belief, now())) begun.push({ ...toldOf(alert), again: true });
    }
    const ended = [...mailbox.told].flatMap(([, { told, until }]): Ended[] =>
      until === undefined ? [] : [{ ...told, until, now: nowOf(told.connection) }],
    );
    return { begun, ended };
  }

  function isDue(mailbox: Mailbox): boolean {
    // A clock that was set back must not silence an address.
    const longest = Math.max(pace.spacingMs, pace.maxBackoffMs);
    mailbox.notBefore = Math.min(mailbox.notBefore, now() + longest);
    return now() >= mailbox.notBefore;
  }

  function start(mailbox: Mailbox, begun: readonly Told[], ended: readonly Ended[]): void {
    if (signal.aborted || mailbox.sending.size > 0 || !isDue(mailbox)) return;
    const busy = [...mailboxes.values()].filter(
      (each) => each.notifier === mailbox.notifier && each.sending.size > 0,
    );
    if (busy.length >= MAX_UNDER_WAY) return;
    mailbox.sending = new Set([...begun, ...ended].map(keyOf));
    const done = send(mailbox, begun, ended).finally(() => underWay.delete(done));
    underWay.add(done);
  }

  /** Never rejects: a message that can't be sent must not disturb what it is about. */
  async function send(
    mailbox: Mailbox,
    begun: readonly Told[],
    ended: readonly Ended[],
  ): Promise<void> {
    const { notifier, address, told } = mailbox;
    try {
      await notifier.send(address, messageOf(begun, ended), signal);
    } catch (error) {
      mailbox.failures++;
      const doubled = pace.backoffMs * 2 ** Math.min(mailbox.failures - 1, 30);
      mailbox.notBefore = now() + Math.min(doubled, pace.maxBackoffMs);
      log('an alert could not be sent', {
        notifier: notifier.name,
        error: error instanceof Error ? error.message : String(error),
        attempt: mailbox.failures,
        alerts: [...begun, ...ended].map(({ connection, kind }) => ({ connection, kind })),
      });
      return;
    } finally {
      mailbox.sending = new Set();
    }
    mailbox.failures = 0;
    mailbox.notBefore = now() + pace.spacingMs;
    for (const each of begun) told.set(keyOf(each), { told: each, at: now() });
    for (const each of ended) told.delete(keyOf(each));
    await onTold({ begun: begun.map(keyOf), ended: ended.map(keyOf) });
  }

  return {
    restore(told) {
      restored = told;
    },
    post,
    believed: (key) =>
      [...mailboxes.values()].some(({ told, sending }) => told.has(key) || sending.has(key)),
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

function toldOf({ connection, kind, detail, since, hint }: Held): Told {
  return { connection, kind, detail, since, hint };
}

function isReminderDue({ remindAt }: Held, belief: Belief, now: number): boolean {
  return remindAt !== undefined && belief.at < remindAt && now >= remindAt;
}
