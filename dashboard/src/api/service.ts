import type { Json, JsonObject } from './json.ts';

// The service itself, and its alerts.

export interface Alert {
  readonly connection: string;
  readonly kind: string;
  readonly detail: string;
  readonly since: string;
  readonly toldAt: string | null;
}

export interface ServiceInfo {
  readonly version: string;
  readonly startedAt: string;
  readonly node: string;
  readonly uptimeSeconds: number;
  readonly dataDir: string;
  readonly databaseBytes: number;
  readonly inbox: readonly {
    readonly connection: string;
    readonly pushes: number;
    readonly bytes: number;
  }[];
  readonly retention: Readonly<Record<string, number>>;
  readonly alerts: JsonObject;
  readonly listen: Json;
  readonly publicUrl: string | null;
  /** Why it can not do its work now. */
  readonly trouble: string | null;
}
