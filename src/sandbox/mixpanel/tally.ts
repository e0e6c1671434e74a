/** What the sandbox counted since it started or was reset, beside the events themselves. */
export interface Tally {
  requests: number;
  /** By HTTP status; `reset` and `stalled` are requests that a fault left without an answer. */
  readonly byStatus: Record<string, number>;
  /** Events that failed validation or a fault's rule and were named in an answer. */
  rejected: number;
  /** The same by field. */
  readonly rejectedBy: Record<string, number>;
  /** Bad events that `strict=0` dropped without a word. */
  droppedSilently: number;
  /** Events dropped because of a truthy `$ignore`, and identity events. */
  ignored: number;
  bytesReceived: number;
  /** Bytes of JSON of the requests that were decoded. */
  bytesUncompressed: number;
}

export function newTally(): Tally {
  return {
    requests: 0,
    byStatus: {},
    rejected: 0,
    rejectedBy: {},
    droppedSilently: 0,
    ignored: 0,
    bytesReceived: 0,
    bytesUncompressed: 0,
  };
}

/** Keys that are counted one by one, and how long they may be: both come from clients, whose mistakes must not fill memory. */
const MAX_KEYS = 1000;
const MAX_KEY_LENGTH = 300;
const OTHER_KEYS = '(others)';

export function countUp(into: Record<string, number>, key: string): void {
  const short = key.slice(0, MAX_KEY_LENGTH);
  const isCounted = Object.hasOwn(into, short) || Object.keys(into).length < MAX_KEYS;
  const counted = isCounted ? short : OTHER_KEYS;
  const before = Object.hasOwn(into, counted) ? into[counted]! : 0;
  // An assignment would not make a property of the name __proto__.
  Object.defineProperty(into, counted, {
    value: before + 1,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}
