import type { StoredConnection } from '../core/connections.ts';
import type { State } from '../state/state.ts';
import { type ConnectionSpec, connectionSpec, destinationOf } from './connection.ts';
import { keyFingerprint } from './fingerprint.ts';
import { type FieldChange, fieldChanges } from './diff.ts';
import { warningsFor } from './export.ts';
import { projectOf } from './project.ts';
import { redact } from './redact.ts';

/** What applying a file does to one connection, or to one cohort import. */
export interface Change<Spec = ConnectionSpec> {
  readonly name: string;
  /** `left`: it is not in the file, and stays. */
  readonly kind: 'create' | 'change' | 'unchanged' | 'delete' | 'left';
  /** With secrets hidden. */
  readonly fields: readonly FieldChange[];
  /** What the file says of resting, when that is a change. */
  readonly paused?: boolean;
  /** Whether it rests now. */
  readonly isPaused: boolean;
  readonly warnings: readonly string[];
  readonly spec?: Spec;
}

/** Compares connections with those stored. Changes nothing. */
export async function planApply(
  state: Pick<State, 'connections' | 'ledger' | 'mappings'>,
  specs: readonly ConnectionSpec[],
  { prune }: { readonly prune: boolean },
): Promise<Change[]> {
  const stored = new Map((await state.connections.list()).map((each) => [each.name, each]));
  const known = new Set(await state.ledger.connections());
  const changes: Change[] = [];
  for (const spec of specs) {
    const before = stored.get(spec.name);
    changes.push(
      before
        ? await changeOf(state, spec, before)
        : created(spec, [
            ...(known.has(spec.name)
              ? [`There are books of an earlier ${spec.name}: it goes on where that one stood.`]
              : []),
            ...((await otherKeys(state, spec, {})).known > 0 ? [keyWarning(spec)] : []),
          ]),
    );
  }
  const named = new Set(specs.map(({ name }) => name));
  for (const { name, paused } of stored.values())
    if (!named.has(name))
      changes.push({
        name,
        kind: prune ? 'delete' : 'left',
        fields: [],
        isPaused: paused,
        warnings: [],
      });
  return changes;
}

/** The same where there is no data folder yet. */
export function planForNewFolder(specs: readonly ConnectionSpec[]): Change[] {
  return specs.map((spec) => created(spec, []));
}

/** Carries out what was planned. */
export async function carryOut(
  state: Pick<State, 'connections'>,
  changes: readonly Change[],
  at: number,
): Promise<void> {
  const { connections } = state;
  for (const { name, kind, fields, paused, spec } of changes) {
    if (kind === 'delete') await connections.remove(name, at);
    // Paused first: a new connection that is to rest must not start for an instant.
    if (spec && (kind === 'create' || fields.length > 0))
      await connections.put(name, storedForm(spec), at, paused);
    else if (paused !== undefined) await connections.setPaused(name, paused, at);
  }
}

/** Resting is kept beside the spec, since `pause` and `resume` change it too. */
export function storedForm({ paused: _paused, ...spec }: ConnectionSpec): unknown {
  return spec;
}

function created(spec: ConnectionSpec, warnings: readonly string[]): Change {
  return {
    name: spec.name,
    kind: 'create',
    fields: [],
    ...(spec.paused === undefined ? {} : { paused: spec.paused }),
    isPaused: spec.paused ?? false,
    warnings: [...warningsFor(destinationOf(spec), spec.settings), ...warnings],
    spec,
  };
}

async function changeOf(
  state: Pick<State, 'mappings'>,
  spec: ConnectionSpec,
  before: StoredConnection,
): Promise<Change> {
  const fields = fieldChanges(connectionSpec, before.spec, storedForm(spec));
  const paused = spec.paused === before.paused ? undefined : spec.paused;
  return {
    name: spec.name,
    kind: fields.length > 0 || paused !== undefined ? 'change' : 'unchanged',
    fields,
    ...(paused === undefined ? {} : { paused }),
    isPaused: paused ?? before.paused,
    warnings:
      fields.length > 0
        ? [
            ...warningsFor(destinationOf(spec), spec.settings),
            ...(await historyWarnings(state, spec, before.spec)),
          ]
        : [],
    spec,
  };
}

/** What a change means for events that were sent before it. */
async function historyWarnings(
  { mappings }: Pick<State, 'mappings'>,
  spec: ConnectionSpec,
  before: unknown,
): Promise<string[]> {
  const old = connectionSpec.safeParse(before).data;
  const used = await mappings.used(spec.name, {});
  if (!old || used.length === 0) return [];
  const warnings: string[] = [];
  if (projectOf(old.destination) !== projectOf(spec.destination))
    warnings.push(
      'It goes to another Mixpanel project from now on. What is settled already is not sent there; to send it: sluice replay.',
    );
  if (keyFingerprint(old) !== keyFingerprint(spec)) warnings.push(keyWarning(spec));
  return warnings;
}

function keyWarning({ name }: ConnectionSpec): string {
  return `The settings change the key by which Mixpanel knows a repeat (event name or distinct_id). What was sent before stays as it is; a file of ${name} that comes again, or a replay, would be kept beside it. See "What breaks deduplication" in docs/guides/settings.md.`;
}

/** Slices of a window that were settled with another key than today's settings give: surely, or perhaps. */
export async function otherKeys(
  { mappings }: Pick<State, 'mappings'>,
  spec: ConnectionSpec,
  window: { readonly since?: string | undefined; readonly until?: string | undefined },
): Promise<{ known: number; unknown: number }> {
  const today = keyFingerprint(spec);
  const sums = { known: 0, unknown: 0 };
  for (const { fingerprint, slices } of await mappings.used(spec.name, window)) {
    if (fingerprint === null) sums.unknown += slices;
    else if (fingerprint !== today) sums.known += slices;
  }
  return sums;
}

/** A stored spec as it may be shown. */
export function shown({ spec }: StoredConnection): unknown {
  return redact(connectionSpec, spec);
}
