import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { LiveStatus } from '../../connector.ts';
import { shownState, state } from './connections.ts';
import type { Add, ApiParts } from './operation.ts';
import { problem } from '../problem.ts';
import { iso, isoTime } from './shapes.ts';

const TAG = 'Service';
/** How often is looked whether who follows still may. */
const STILL_IN_MS = 5_000;
/** Pages that look at once. Browsers leave some behind. */
const MOST = 200;

const status = z.object({
  at: isoTime,
  connections: z.array(
    z.object({
      name: z.string(),
      state,
      lagSeconds: z.number(),
      read: z.number().describe('Since the service started, as the three below'),
      delivered: z.number(),
      skipped: z.number(),
      deadLetters: z.number(),
      perSecond: z.number().describe('Delivered, over the last few seconds'),
    }),
  ),
});

/** One text for all that follow. */
function createText(): (status: LiveStatus, connection?: string) => string {
  const made = new WeakMap<LiveStatus, string>();
  const textOf = (given: LiveStatus, connections: LiveStatus['connections']): string => {
    const shown = connections.map((each) => ({ ...each, state: shownState(each.state) }));
    return `event: status\ndata: ${JSON.stringify({ at: iso(given.at), connections: shown })}\n\n`;
  };
  return (given, connection) => {
    if (connection !== undefined)
      return textOf(
        given,
        given.connections.filter(({ name }) => name === connection),
      );
    let text = made.get(given);
    if (text === undefined) made.set(given, (text = textOf(given, given.connections)));
    return text;
  };
}

/** Server-sent events, for as long as a client listens. */
export function liveRoutes(
  add: Add,
  { management, isStillIn }: ApiParts,
  app: FastifyInstance,
): void {
  const open = new Set<() => void>();
  const textOf = createText();
  app.addHook('preClose', (done) => {
    for (const end of open) end();
    done();
  });

  add({
    ...{ method: 'GET', path: '/live', id: 'followLive', tag: TAG, role: 'viewer' },
    summary: 'State and throughput of every connection, once a second',
    description: 'Server-sent events, each called `status`.',
    query: z.object({ connection: z.string().max(64).optional().describe('Only of this one') }),
    media: 'text/event-stream',
    answers: { 200: z.string().describe(`Data of each event: ${describeStatus()}`) },
    example: { query: { connection: 'orders' }, status: 200 },
    handler({ query, request, reply }) {
      if (open.size >= MOST)
        throw problem(503, 'unavailable', 'Too many pages follow at once', {
          headers: { 'retry-after': '30' },
        });
      const headers = Object.entries(reply.getHeaders()).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : String(value),
      ]);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...Object.fromEntries(headers),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // A proxy that gathers would hold everything back.
        'x-accel-buffering': 'no',
      });
      const unfollow = management.follow((latest) => {
        // Who does not read misses some, and holds no memory.
        if (!raw.writableNeedDrain) raw.write(textOf(latest, query.connection));
      });
      const end = (): void => {
        clearInterval(looking);
        unfollow();
        open.delete(end);
        raw.end();
      };
      const looking = setInterval(() => {
        isStillIn(request).then((isIn) => (isIn ? undefined : end()), end);
      }, STILL_IN_MS);
      open.add(end);
      raw.once('close', end);
      return Promise.resolve(reply);
    },
  });
}

function describeStatus(): string {
  return JSON.stringify(z.toJSONSchema(status, { unrepresentable: 'any' }));
}
