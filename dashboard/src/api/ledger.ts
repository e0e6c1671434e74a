// What a Current did: its balance, figures, slices, runs and jobs.

export interface Balance {
  readonly read: number;
  readonly delivered: number;
  /** By reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  readonly balanced: boolean;
  readonly breaks: readonly SliceProblem[];
  readonly unreadable: readonly SliceProblem[];
}

export interface SliceProblem {
  readonly slice: string;
  readonly problem: string;
}

export type Period = 'hour' | 'day' | 'week' | 'month';

export interface FigurePoint {
  readonly at: string;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  /** Net: one that was delivered later counts as -1 when it was. */
  readonly deadLetters: number;
  /** The largest noted; null when none was. */
  readonly lagSeconds: number | null;
}

export interface Figures {
  readonly step: 'minute' | 'hour' | 'day';
  readonly points: readonly FigurePoint[];
}

export interface TypeFigures {
  readonly type: string;
  /** Mixpanel's name; null where none is known. */
  readonly event: string | null;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  readonly newFields: Readonly<Record<string, number>>;
}

export interface SliceRow {
  readonly slice: string;
  readonly hour: string | null;
  readonly state: 'open' | 'done' | 'problem';
  readonly problem?: string;
  readonly records: number;
  readonly bytes: number;
  readonly updatedAt: string;
}

export interface Run {
  readonly id: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly state: 'running' | 'finished' | 'halted' | 'failed' | 'stopped';
  readonly detail: string | null;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly deadLetters: number;
  readonly requests: number;
  readonly bytesSent: number;
}

export interface Job {
  readonly id: number;
  readonly kind: 'backfill' | 'replay';
  /** Hours as `YYYY-MM-DD-HH`. */
  readonly since: string;
  readonly until: string | null;
  readonly reached: string | null;
  readonly state: 'waiting' | 'running' | 'finished' | 'failed' | 'cancelled';
  readonly detail: string | null;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

export interface TestResult {
  readonly type: string;
  readonly event: string | null;
  readonly outcome: 'sent' | 'rejected' | 'skipped' | 'not-sent';
  readonly detail?: string;
}
