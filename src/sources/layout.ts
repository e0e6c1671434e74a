/** Currents type that a path names with a folder `event_type=…`. */
export function eventTypeOf(path: string): string | undefined {
  return /(?:^|\/)event_type=([^/]+)\//.exec(path)?.[1];
}

/** UTC hour that a path names with a folder `date=YYYY-MM-DD-HH`. */
export function hourOf(path: string): string | undefined {
  return /(?:^|\/)date=(\d{4}-\d\d-\d\d-\d\d)\//.exec(path)?.[1];
}
