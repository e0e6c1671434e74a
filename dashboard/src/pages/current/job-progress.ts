import type { Job } from '../../api.ts';

/** Milliseconds of an hour written as `YYYY-MM-DD-HH`. */
export function momentOf(hour: string): number {
  return Date.parse(`${hour.slice(0, 10)}T${hour.slice(11, 13) || '00'}:00:00Z`);
}

/** How much of a job is done, from 0 to 1: by the hours that are behind it. */
export function doneOf({ since, until, reached, createdAt }: Job): number {
  if (reached === null) return 0;
  const from = momentOf(since);
  const to = until === null ? Date.parse(createdAt) : momentOf(until);
  if (to <= from) return 1;
  return Math.min(1, Math.max(0, (momentOf(reached) - from) / (to - from)));
}

/** Seconds as one says “about” of them: whole minutes, from one minute on. */
export function roughly(seconds: number): number {
  return seconds < 60 ? Math.ceil(seconds) : Math.round(seconds / 60) * 60;
}

/** Time left at the pace so far, in seconds; undefined while there is no pace to tell. */
export function secondsLeft(job: Job, now: number): number | undefined {
  const done = doneOf(job);
  const spent = (now - Date.parse(job.createdAt)) / 1000;
  if (done <= 0 || done >= 1 || spent < 5) return undefined;
  return (spent / done) * (1 - done);
}
