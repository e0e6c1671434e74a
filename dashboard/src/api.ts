/**
 * The shapes of the HTTP API (`/api/v1`), as far as the dashboard uses them, by subject; `/api/docs` has all of it.
 * Times are ISO 8601 in UTC.
 */

export type * from './api/access.ts';
export type * from './api/cohorts.ts';
export type * from './api/connections.ts';
export type * from './api/dead-letters.ts';
export type * from './api/events.ts';
export type * from './api/form.ts';
export type * from './api/json.ts';
export type * from './api/ledger.ts';
export type * from './api/service.ts';
