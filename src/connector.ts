/**
 * The composition root. It and its folder are the only ones that know sources, sinks, mapping, pipeline and state;
 * whoever wants the engine (the CLI today, a server later) comes through here.
 */
import { allEvents } from './catalogue/catalogue.ts';
import { secretsOf } from './connector/redact.ts';
import { type ServiceSettings, serviceSettings } from './connector/service-settings.ts';
import { type KeySource, openState, type State } from './state/state.ts';

export {
  type Change,
  carryOut,
  otherKeys,
  planApply,
  planForNewFolder,
  shown,
} from './connector/apply.ts';
export { type CheckLine, checkSetup, checkStored } from './connector/check.ts';
export type { ExportResult } from './connector/export.ts';
export { type PreviewLine, previewFiles } from './connector/preview.ts';
export { type Management, manage } from './connector/manage/management.ts';
export {
  brazeInstances,
  kindsOfCohortDestination,
  kindsOfDestination,
  kindsOfSource,
  settingsSchema,
  specSchemas,
} from './connector/manage/schemas.ts';
export { manageCohorts } from './connector/manage/cohort-management.ts';
export { EXPORT_FORMATS, type ExportFormat } from './connector/manage/cohort-export.ts';
export type { ImportDetail, ImportSummary } from './connector/manage/cohort-imports.ts';
export { ROTATION_HOURS } from './connector/manage/cohort-keys.ts';
export type { CohortDetail } from './connector/manage/cohorts.ts';
export {
  carryOutImports,
  type ImportChange,
  planImports,
  planImportsForNewFolder,
} from './connector/cohorts/apply.ts';
export type { WholeLetter } from './connector/manage/letters.ts';
export { discardLetters } from './connector/manage/letters.ts';
export type { ConnectionDetail, ConnectionSummary } from './connector/manage/listing.ts';
export type { LiveStatus } from './connector/manage/live.ts';
export { openService, type OpenService } from './connector/service/open-service.ts';
export { sendStoredTestEvents, sendTestEvents, type TestReport } from './connector/test-events.ts';
export type { OidcSettings } from './connector/oidc-settings.ts';
export { type Config, configJsonSchema, parseConfig } from './connector/config.ts';
export { hourOf, parseConnection } from './connector/connection.ts';
export type { FieldChange } from './connector/diff.ts';
export { looksLikeImportKey } from './cohorts/import-key.ts';
export { parseWebhook, readWebhook } from './cohorts/webhook.ts';
export { type ReceivingImports, receivingImports } from './connector/cohorts/receiving.ts';
export { retryDeadLetters, retryStored } from './connector/retry-dead-letters.ts';
export type { MappingSettings } from './mapping/settings.ts';
export type { RetryInfo } from './pipeline/deliver.ts';
export type { Progress } from './pipeline/run.ts';
export type { MixpanelInput } from './sinks/mixpanel.ts';
export { type Control, holderOf, type KeySource, keySource, openControl } from './state/state.ts';
export { backUp } from './state/backup.ts';
export { examine } from './state/examine.ts';

/** The books of a data folder, for reading; another process may be writing them. Throws StateError. */
export function openBooks(dataDir: string, keys: KeySource = {}): State {
  return openState(dataDir, { readonly: true, keys });
}

/** The Currents types of the catalogue. */
export function eventTypes(): ReadonlySet<string> {
  return new Set(allEvents().map(({ type }) => type));
}

/** Every secret in the settings of the service itself. */
export function serviceSecrets(settings: ServiceSettings): string[] {
  return secretsOf(serviceSettings, settings);
}
