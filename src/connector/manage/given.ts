import { z } from 'zod';
import { InputError } from '../../core/errors.ts';
import { mappingSettings, type MappingSettings } from '../../mapping/settings.ts';
import { checkMixpanel, type MixpanelSettings } from '../../sinks/mixpanel.ts';
import { type CheckLine, checkSource } from '../check.ts';
import { connectionSpec } from '../connection.ts';
import { inWords, wrongPlaces } from '../issues.ts';
import { type SourceSpec, sourceSpec } from '../sources.ts';
import { keepSecrets } from './keep-secrets.ts';
import { type ManagedParts, stored } from './parts.ts';

const CHECK_MS = 30_000;

/** Parts of a connection that is being filled in. `name` or `draft`: whose secrets stand for `***`. */
export interface GivenParts {
  readonly name?: string | undefined;
  readonly draft?: string | undefined;
  readonly source?: unknown;
  readonly destination?: unknown;
  readonly settings?: unknown;
  readonly salt?: unknown;
}

export interface CheckedParts {
  readonly source?: SourceSpec;
  readonly destination?: MixpanelSettings;
  readonly settings?: MappingSettings;
  readonly salt?: string;
}

const { destination: destinationSpec, salt: saltSpec } = connectionSpec.shape;

/** Checks and completes what is given. Throws InputError, and UsageError `no_such_connection`. */
export async function checkedParts(parts: ManagedParts, given: GivenParts): Promise<CheckedParts> {
  const { name, draft, ...values } = given;
  const before =
    draft !== undefined
      ? (await parts.state.drafts.get(draft))?.spec
      : name === undefined
        ? undefined
        : (await parts.state.connections.get(name))?.spec;
  const filled = keepSecrets(
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)),
    before,
  );
  const schema = z.object({
    source: sourceSpec.optional(),
    destination: destinationSpec.optional(),
    settings: mappingSettings.optional(),
    salt: saltSpec,
  });
  const parsed = schema.safeParse(filled);
  if (!parsed.success) {
    const wrong = wrongPlaces(parsed.error);
    throw new InputError(
      'bad_connection',
      inWords(wrong, 'connection'),
      wrong.map(({ place, message }) => ({ path: place, message })),
    );
  }
  const { source, destination, settings, salt } = parsed.data;
  return {
    ...(source ? { source } : {}),
    ...(destination ? { destination: sinkSettings(destination) } : {}),
    ...(settings ? { settings } : {}),
    ...(salt === undefined ? {} : { salt }),
  };
}

function sinkSettings(given: z.output<typeof destinationSpec>): MixpanelSettings {
  const { kind: _kind, ...settings } = given;
  return { ...settings, connections: 1 };
}

/** Tries what is given without side effects. Throws InputError. */
export async function checkGiven(
  parts: ManagedParts,
  given: GivenParts,
  signal: AbortSignal,
): Promise<CheckLine[]> {
  if (given.name !== undefined && given.source === undefined && given.destination === undefined) {
    const { spec } = await stored(parts, given.name);
    const { source, destination } = spec as GivenParts;
    return checkGiven(parts, { source, destination }, signal);
  }
  const { source, destination } = await checkedParts(parts, given);
  const limit = AbortSignal.timeout(CHECK_MS);
  const cut = AbortSignal.any([signal, limit]);
  const inTime = async (what: CheckLine['what'], line: Promise<Omit<CheckLine, 'what'>>) => {
    try {
      return { what, ...(await line) };
    } catch (error) {
      if (signal.aborted || !limit.aborted) throw error;
      const detail = `There was no answer within ${CHECK_MS / 1000} seconds.`;
      return { what, ok: false, detail };
    }
  };
  return Promise.all([
    ...(source ? [inTime('source', checkSource(source, cut))] : []),
    ...(destination ? [inTime('mixpanel', checkMixpanel(destination, cut))] : []),
  ]);
}
