import { isIPv6 } from 'node:net';

/** After so many failures each further one doubles the wait. Milliseconds. */
interface Steps {
  readonly free: number;
  readonly longestMs: number;
}

/** Somebody at one address, whatever the name. */
const ADDRESS: Steps = { free: 10, longestMs: 15 * 60_000 };
/** One name, guessed at from many addresses. */
const NAME: Steps = { free: 20, longestMs: 60_000 };
/** One name at an address where it has signed in before. */
const KNOWN: Steps = { free: 5, longestMs: 15 * 60_000 };

const FIRST_WAIT_MS = 1000;
/** Failures are forgotten when so long none was added after the wait ended. */
const FORGET_MS = 3_600_000;
const MOST_KEYS = 10_000;

interface Failures {
  n: number;
  waitUntil: number;
}

export interface Attempt {
  /** Takes back that it counted as a failure. */
  succeeded(): void;
}

export interface Throttle {
  /** Counts a try as failed until it is said to have succeeded; or says for how many milliseconds none is let in. */
  attempt(name: string, address: string): Attempt | { readonly waitMs: number };
}

/**
 * Slows down who guesses passwords, with growing waits and bounded memory. A name at an address where it has signed in
 * before is judged by its own failures there alone, so that guessing from elsewhere locks nobody out.
 */
export function createThrottle(now: () => number, mostKeys = MOST_KEYS): Throttle {
  const failures = new Map<string, Failures>();
  const known = new Set<string>();

  const failuresOf = (key: string): Failures => {
    const found = failures.get(key);
    if (found && now() < found.waitUntil + FORGET_MS) return found;
    return { n: 0, waitUntil: 0 };
  };
  const count = (key: string, { free, longestMs }: Steps): void => {
    const n = failuresOf(key).n + 1;
    const waitMs = n < free ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (n - free), longestMs);
    // Put in anew, so that the map is in the order of last use.
    failures.delete(key);
    failures.set(key, { n, waitUntil: now() + waitMs });
    dropOldest(failures, mostKeys);
  };
  /** One less and no wait, but not none: who owns one name may not guess at others for free. */
  const takeBack = (key: string): void => {
    const found = failures.get(key);
    if (!found) return;
    if (key.startsWith('known ') || found.n <= 1) failures.delete(key);
    else failures.set(key, { n: found.n - 1, waitUntil: now() });
  };

  return {
    attempt(name, address) {
      const from = networkOf(address);
      const folded = name.toLowerCase();
      const pair = `${from} ${folded}`;
      const keys: [string, Steps][] = known.has(pair)
        ? [[`known ${pair}`, KNOWN]]
        : [
            [`address ${from}`, ADDRESS],
            [`name ${folded}`, NAME],
          ];
      const waitMs = Math.max(...keys.map(([key]) => failuresOf(key).waitUntil - now()));
      if (waitMs > 0) return { waitMs };
      // Before the password is looked at: else many tries at once would all be let in.
      for (const [key, steps] of keys) count(key, steps);
      return {
        succeeded() {
          for (const [key] of keys) takeBack(key);
          known.delete(pair);
          known.add(pair);
          dropOldest(known, mostKeys);
        },
      };
    },
  };
}

function dropOldest(keys: Map<string, unknown> | Set<string>, most: number): void {
  if (keys.size <= most) return;
  const [oldest] = keys.keys();
  keys.delete(oldest!);
}

/** An IPv6 network of 64 bits is one customer's. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const all = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
