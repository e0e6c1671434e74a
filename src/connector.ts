/**
 * The composition root. It and its folder are the only ones that know sources, sinks, mapping, pipeline and state;
 * whoever wants the engine (the CLI today, a server later) comes through here.
 */
import { openState, type State } from './state/state.ts';

export { checkSetup } from './connector/check.ts';
export { exportFolder, type ExportResult } from './connector/export.ts';
export { type PreviewLine, previewFiles } from './connector/preview.ts';
export { retryDeadLetters } from './connector/retry-dead-letters.ts';
export { type MappingSettings, parseMappingSettings } from './mapping/settings.ts';
export type { RetryInfo } from './pipeline/deliver.ts';
export type { Progress } from './pipeline/run.ts';
export type { MixpanelInput } from './sinks/mixpanel.ts';

/** The books of a data folder, for reading; another process may be writing them. Throws StateError. */
export function openBooks(dataDir: string): State {
  return openState(dataDir, { readonly: true });
}
