/** What the contenders that are scripts are told, as one JSON text in their first argument. */
export interface ScriptSettings {
  /** Folder with the input, in Braze's layout. */
  readonly folder: string;
  /** src/catalogue/events.json */
  readonly catalogue: string;
  readonly token: string;
  /** Base URL of the sink. */
  readonly url: string;
  readonly gzipLevel: number;
  /** Requests in flight at once. */
  readonly inFlight: number;
  readonly transport: 'undici' | 'got';
}

export function scriptSettings(argv: readonly string[]): ScriptSettings {
  return JSON.parse(argv[2]!) as ScriptSettings;
}
