import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { say, sayFailure } from '../../parts/say.ts';
import { of } from '../../queries.ts';

/** Pauses (true) or resumes (false) a connection. */
export function usePause(name: string) {
  const { t } = useI18n();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (pause: boolean) => call('POST', of(name, pause ? 'pause' : 'resume')),
    onSuccess: (_nothing, pause) => say(t(pause ? 'paused.said' : 'resumed.said', { name })),
    onError: sayFailure,
    onSettled: () => client.invalidateQueries({ queryKey: ['connections'] }),
  });
}
