import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Estimate } from '../../api.ts';
import { call } from '../../client.ts';
import { useMay } from '../../shell/session.ts';
import { useForm, useOwner } from './form.ts';
import { textIn } from './spec.ts';

/** Volumes by event type, from a bounded sample of the source. Asked for by a person: it reads files. */
export function useEstimate() {
  const { spec } = useForm();
  const owner = useOwner();
  const { source } = spec;
  const kind = textIn(source, ['kind']);
  // Whoever may only look is not to make the service read files.
  const canAsk = useMay('editor') && kind !== '' && kind !== 'inbox';
  const [asked, setAsked] = useState(false);
  const query = useQuery({
    queryKey: ['estimate', owner, source],
    queryFn: ({ signal }) =>
      call<Estimate>('POST', '/estimate', {
        body: { ...owner, source },
        signal,
      }),
    enabled: asked && canAsk,
    staleTime: Infinity,
    retry: false,
  });
  return {
    data: canAsk ? query.data : undefined,
    error: query.error,
    isFetching: query.isFetching,
    canAsk,
    ask: () => {
      if (asked) void query.refetch();
      else setAsked(true);
    },
  };
}
