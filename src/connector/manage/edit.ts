import { InputError, StateError } from '../../core/errors.ts';
import { type Change, planApply, storedForm } from '../apply.ts';
import { parseConnection } from '../connection.ts';
import { keepSecrets } from './keep-secrets.ts';
import { type ManagedParts, stored } from './parts.ts';

/** One setting that differs, with secrets hidden; null: it is not there. */
export interface ShownChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface Edited {
  readonly changes: readonly ShownChange[];
  readonly warnings: readonly string[];
}

/** Makes a connection. `draft`: takes the secrets left as `***` from it, and forgets it. Throws UsageError, StateError. */
export async function createConnection(
  parts: ManagedParts,
  input: unknown,
  draft?: string,
): Promise<{ name: string; warnings: readonly string[] }> {
  const { state, now } = parts;
  const before = draft === undefined ? undefined : (await state.drafts.get(draft))?.spec;
  const spec = parseConnection(keepSecrets(input, before));
  const [change] = await planApply(state, [spec], { prune: false });
  await state.connections.put(spec.name, storedForm(spec), now(), spec.paused ?? false, 'none');
  if (draft !== undefined) await state.drafts.remove(draft);
  return { name: spec.name, warnings: change!.warnings };
}

/** Puts a new spec in the place of the old one, if that is still of this revision. `dryRun`: only says what it would do. */
export async function changeConnection(
  parts: ManagedParts,
  name: string,
  input: unknown,
  { revision, dryRun }: { readonly revision: number; readonly dryRun: boolean },
): Promise<Edited> {
  const { state, now } = parts;
  const before = await stored(parts, name);
  if (before.revision !== revision)
    throw new StateError('revision_changed', `${name} was changed by somebody else meanwhile`, {
      hint: 'Read it again, and make your change to what it is now.',
    });
  const spec = parseConnection(keepSecrets(input, before.spec));
  if (spec.name !== name)
    throw new InputError('bad_connection', 'The name of a connection never changes', [
      { path: 'name', message: `must be ${name}` },
    ]);
  const [change] = await planApply(state, [spec], { prune: false });
  if (!dryRun && change!.kind === 'change')
    await state.connections.put(name, storedForm(spec), now(), spec.paused, revision);
  return { changes: shownChanges(change!), warnings: change!.warnings };
}

/** Resting is told of only where the spec says something of it. */
export function shownChanges({
  fields,
  paused,
  spec,
}: Change<{ readonly paused?: boolean | undefined }>): ShownChange[] {
  const value = (text: string | undefined): unknown =>
    text === undefined ? null : (JSON.parse(text) as unknown);
  const rest =
    paused === undefined || spec?.paused === undefined
      ? []
      : [{ path: 'paused', before: !paused, after: paused }];
  return [
    ...fields.map(({ place, before, after }) => ({
      path: place,
      before: value(before),
      after: value(after),
    })),
    ...rest,
  ];
}
