import type { Alert, AlertKind } from '../core/connections.ts';
import type { Condition } from './rules.ts';

/** A condition that has held long enough to be an alert, for as long as it is not gone for good. */
export interface Held {
  readonly connection: string;
  readonly kind: AlertKind;
  /** As it was when the alert began. */
  readonly detail: string;
  readonly since: number;
  hint?: string | undefined;
  remindAt?: number | undefined;
  goneSince?: number | undefined;
}

export interface Tracker {
  /** Alerts by {@link keyOf}. */
  readonly held: ReadonlyMap<string, Held>;
  /** Takes over what an earlier process had found. */
  restore(alerts: readonly Alert[]): void;
  /** Takes in what holds now; gives what has begun and what has ended by that. */
  update(conditions: readonly Condition[], now: number): { begun: Held[]; ended: Held[] };
}

export interface Hysteresis {
  /** A condition must hold this long, in milliseconds, before it is an alert; being halted is one at once. */
  readonly settleMs: number;
  /** An alert ends when its condition was gone this long. */
  readonly goneMs: number;
}

/** Names a condition. Connections and kinds may hold any text. */
export function keyOf({ connection, kind }: { connection: string; kind: AlertKind }): string {
  return `${kind} ${connection}`;
}

/** Decides when conditions become alerts and when those end, so that what comes and goes makes one alert. */
export function createTracker({ settleMs, goneMs }: Hysteresis): Tracker {
  const held = new Map<string, Held>();
  /** When conditions that are no alerts yet were first seen. */
  const pending = new Map<string, number>();

  function begin(key: string, condition: Condition, now: number): Held | undefined {
    // A clock that is set back must not make anything wait for it.
    const first = Math.min(pending.get(key) ?? now, now);
    pending.set(key, first);
    if (condition.kind !== 'halted' && now - first < settleMs) return undefined;
    pending.delete(key);
    const { connection, kind, detail, hint, remindAt, since } = condition;
    const begun: Held = { connection, kind, detail, since: since ?? first, hint, remindAt };
    held.set(key, begun);
    return begun;
  }

  return {
    held,
    restore(alerts) {
      for (const { connection, kind, detail, since } of alerts)
        held.set(keyOf({ connection, kind }), { connection, kind, detail, since });
    },
    update(conditions, now) {
      const begun: Held[] = [];
      const ended: Held[] = [];
      const seen = new Set<string>();
      for (const condition of conditions) {
        const key = keyOf(condition);
        seen.add(key);
        const known = held.get(key);
        if (known) known.goneSince = undefined;
        if (condition.unsure) continue;
        if (!known) {
          const fresh = begin(key, condition, now);
          if (fresh) begun.push(fresh);
          continue;
        }
        known.hint = condition.hint;
        known.remindAt = condition.remindAt;
      }
      for (const key of pending.keys()) if (!seen.has(key)) pending.delete(key);
      for (const [key, alert] of held) {
        if (seen.has(key)) continue;
        alert.goneSince = Math.min(alert.goneSince ?? now, now);
        if (now - alert.goneSince < goneMs) continue;
        held.delete(key);
        ended.push(alert);
      }
      return { begun, ended };
    },
  };
}
