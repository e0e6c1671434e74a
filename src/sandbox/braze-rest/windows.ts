/** A limit of requests in windows that begin on the clock, one after the other. */
export interface RequestLimit {
  readonly requests: number;
  readonly seconds: number;
}

export interface WindowState {
  readonly isWithin: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** `clock`: milliseconds since the epoch. */
export function createWindows(limit: RequestLimit | 'off', clock: () => number): () => WindowState {
  if (limit === 'off') return () => ({ isWithin: true, headers: {} });
  const length = limit.seconds * 1000;
  let current = -1;
  let used = 0;
  return () => {
    const now = Math.floor(clock() / length);
    if (now !== current) used = 0;
    current = now;
    const isWithin = used < limit.requests;
    if (isWithin) used++;
    return {
      isWithin,
      headers: {
        'x-ratelimit-limit': String(limit.requests),
        'x-ratelimit-remaining': String(limit.requests - used),
        'x-ratelimit-reset': String(Math.ceil(((now + 1) * length) / 1000)),
      },
    };
  };
}
