import type { Draft } from '../../core/drafts.ts';
import { UsageError } from '../../core/errors.ts';
import { connectionSpec } from '../connection.ts';
import { redact } from '../redact.ts';
import { keepSomeSecrets } from './keep-secrets.ts';
import type { ManagedParts } from './parts.ts';

/** Of each draft what a list shows; `name`: of the connection it is to become, where it has one yet. */
export async function listDrafts({
  state,
}: ManagedParts): Promise<(Pick<Draft, 'id' | 'step' | 'updatedAt'> & { name: string | null })[]> {
  return (await state.drafts.list()).map(({ id, step, spec, updatedAt }) => {
    const name = (spec as { name?: unknown } | null)?.name;
    return { id, step, updatedAt, name: typeof name === 'string' ? name : null };
  });
}

/** With secrets hidden. Throws UsageError `no_such_draft`. */
export async function readDraft({ state }: ManagedParts, id: string): Promise<Draft> {
  const draft = await state.drafts.get(id);
  if (!draft) throw new UsageError('no_such_draft', `There is no draft ${id}`);
  return { ...draft, spec: redact(connectionSpec, draft.spec) };
}

/** Secrets left as `***` stay as they were stored. */
export async function saveDraft(
  { state, now }: ManagedParts,
  id: string,
  { step, spec }: Pick<Draft, 'step' | 'spec'>,
): Promise<void> {
  const before = (await state.drafts.get(id))?.spec;
  await state.drafts.put({ id, step, spec: keepSomeSecrets(spec, before), updatedAt: now() });
}
