import { UsageError } from '../../core/errors.ts';
import type { Inbox } from '../../core/inbox.ts';
import type { StoredConnection } from '../../core/connections.ts';
import type { State } from '../../state/state.ts';
import type { ServiceSettings } from '../service-settings.ts';
import type { Service } from '../service/service.ts';

/** What a person manages: the running service and everything it remembers. */
export interface ManagedParts {
  readonly state: State;
  readonly inbox: Inbox;
  readonly service: Service;
  readonly settings: ServiceSettings;
  readonly dataDir: string;
  /** First wait after a failed request, in milliseconds. */
  readonly backoffMs?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Throws UsageError `no_such_connection`. */
export async function stored(
  { state }: Pick<ManagedParts, 'state'>,
  name: string,
): Promise<StoredConnection> {
  const found = await state.connections.get(name);
  if (found) return found;
  throw new UsageError('no_such_connection', `There is no connection ${name}`);
}
