import type { Json, JsonObject, Schema } from './json.ts';

// What helps to make a Current: sources, checks, estimates, previews and drafts.

export interface CheckResult {
  readonly what: 'source' | 'mixpanel';
  readonly ok: boolean;
  readonly detail: string;
}

export interface Estimate {
  readonly sampled: {
    readonly from: string | null;
    readonly until: string | null;
    readonly files: number;
    readonly bytes: number;
  };
  readonly types: readonly {
    readonly type: string;
    readonly filesPerDay: number;
    readonly bytesPerDay: number;
    readonly eventsPerDay: number;
  }[];
  readonly totalPerDay: number;
  readonly note: string;
}

export interface PreviewLine {
  readonly type: string;
  readonly before: JsonObject;
  readonly outcome: 'event' | 'skip' | 'dead-letter';
  readonly after?: JsonObject;
  readonly reason?: string;
  readonly cause?: string;
  readonly detail?: string;
}

export interface Preview {
  readonly lines: readonly PreviewLine[];
  readonly note?: string;
}

export interface DraftRow {
  readonly id: string;
  readonly name: string | null;
  readonly step: string;
  readonly updatedAt: string;
}

export interface Draft {
  readonly step: string;
  readonly spec: JsonObject;
  readonly updatedAt: string;
}

export interface SourceKind {
  readonly kind: string;
  readonly title: string;
  readonly summary: string;
  readonly schema: Schema;
  readonly example: Json;
}
