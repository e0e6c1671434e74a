import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Draft, JsonObject } from '../../api.ts';
import { call, codeOf, get } from '../../client.ts';
import { draftsQuery } from '../../queries.ts';
import { NEW_SPEC } from './spec.ts';
import { isStep, type Step } from './steps.ts';

const QUIET_MS = 800;

export type Saving = 'none' | 'saving' | 'saved' | 'failed';

/** A form that is kept on the service while it is filled in: who leaves and comes back loses nothing. */
export function useDraft(id: string) {
  const client = useQueryClient();
  const [spec, setSpec] = useState<JsonObject>();
  const [step, setStep] = useState<Step>('details');
  const [saving, setSaving] = useState<Saving>('none');
  const waiting = useRef<{ spec: JsonObject; step: Step }>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const last = useRef<Promise<void>>(Promise.resolve());

  const stored = useQuery({
    queryKey: ['drafts', id],
    queryFn: async ({ signal }): Promise<Draft | null> => {
      try {
        return await get<Draft>(`/drafts/${encodeURIComponent(id)}`, {}, signal);
      } catch (error) {
        // A form that was only just begun.
        if (codeOf(error) === 'not_found') return null;
        throw error;
      }
    },
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });

  useEffect(() => {
    if (stored.data === undefined || spec !== undefined) return;
    setSpec(stored.data?.spec ?? NEW_SPEC);
    if (isStep(stored.data?.step)) setStep(stored.data.step);
    if (stored.data) setSaving('saved');
  }, [stored.data, spec]);

  const flush = useCallback((): Promise<void> => {
    clearTimeout(timer.current);
    const body = waiting.current;
    if (!body) return last.current;
    waiting.current = undefined;
    // One after the other, so that an older state never lands on a newer one.
    last.current = last.current.then(() =>
      call('PUT', `/drafts/${encodeURIComponent(id)}`, { body }).then(
        () => setSaving(waiting.current ? 'saving' : 'saved'),
        () => setSaving('failed'),
      ),
    );
    return last.current;
  }, [id]);

  const keep = useCallback(
    (next: { spec: JsonObject; step: Step }) => {
      waiting.current = next;
      setSaving('saving');
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void flush(), QUIET_MS);
    },
    [flush],
  );

  // Whoever leaves the page within the quiet moment must not lose the last letters.
  useEffect(
    () => () => {
      void flush().then(() => client.invalidateQueries({ queryKey: draftsQuery.queryKey }));
    },
    [flush, client],
  );

  return {
    spec,
    step,
    saving,
    flush,
    error: stored.error,
    retry: () => void stored.refetch(),
    change(next: JsonObject) {
      setSpec(next);
      keep({ spec: next, step });
    },
    go(next: Step) {
      setStep(next);
      if (spec) keep({ spec, step: next });
    },
    /** The form has served: forgets it, whatever was still to be kept. */
    async discard() {
      clearTimeout(timer.current);
      waiting.current = undefined;
      await last.current;
      await call('DELETE', `/drafts/${encodeURIComponent(id)}`).catch((error: unknown) => {
        if (codeOf(error) !== 'not_found') throw error;
      });
      await client.invalidateQueries({ queryKey: draftsQuery.queryKey });
    },
  };
}
