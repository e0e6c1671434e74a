import { UsageError } from '../core/errors.ts';
import { type KeySource, openControl } from '../state/state.ts';
import { type ConnectionSpec, parseConnection } from './connection.ts';

/** The settings of a stored connection. Throws UsageError when there is none of that name. */
export async function storedConnection(
  name: string,
  dataDir: string,
  keys: KeySource,
): Promise<ConnectionSpec> {
  const state = await openControl(dataDir, keys);
  try {
    const stored = await state.connections.get(name);
    if (stored) return parseConnection(stored.spec);
    const names = (await state.connections.list()).map((each) => each.name);
    throw new UsageError('no_such_connection', `There is no connection ${name}`, {
      hint: `There are: ${names.join(', ') || 'none yet; sluice apply makes them'}`,
    });
  } finally {
    state.close();
  }
}
