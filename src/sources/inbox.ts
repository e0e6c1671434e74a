import { z } from 'zod';
import type { Inbox } from '../core/inbox.ts';
import { holds, type Source } from '../core/source.ts';

const settings = z.strictObject({
  token: z
    .string()
    .min(16, 'a token has at least 16 characters')
    .regex(/^[A-Za-z0-9._~+/-]+=*$/, 'a token has letters, digits and -._~+/ only (RFC 6750)')
    .meta({ secret: true })
    .describe('Bearer token that Braze sends with every push'),
});

/** What an inbox source is opened with besides its settings. */
export interface InboxPlace {
  readonly inbox: Inbox;
  readonly connection: string;
  /** Lists what is settled and still kept, instead of what waits; for replays. */
  readonly settled?: boolean;
}

/** What Braze's Custom HTTP connector pushes: `POST /currents/<connection>`. */
export const inboxSource = {
  name: 'inbox',
  title: "Braze's push",
  summary: "Events that Braze's Custom Currents Export posts to Sluice",
  settings,
  example: { token: 'Zk3vT0mPq8sLw2Xc7Rb5Yd' } satisfies z.input<typeof settings>,
  open: openInboxSource,
};

function openInboxSource(
  _settings: z.infer<typeof settings>,
  { inbox, connection, settled = false }: InboxPlace,
): Source {
  return {
    name: 'inbox',
    async *list(signal, window = {}) {
      signal.throwIfAborted();
      if (!settled) await inbox.seal(connection);
      for (const slice of await inbox.segments(connection, settled ? 'settled' : 'waiting')) {
        signal.throwIfAborted();
        // What waits is wanted whatever its hour: a clock that was wrong for a while must not hide it for ever.
        if (!settled || holds(window, slice)) yield slice;
      }
    },
    open: (slice, from, signal) => inbox.read(connection, slice, from, signal),
    async release(slice) {
      if (!settled) await inbox.release(connection, slice);
    },
    close: () => Promise.resolve(),
  };
}
