import type { ReactNode } from 'react';
import type { ConnectionDetail } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { type LivePoint, useLive } from '../../live.ts';
import { Figure } from '../../parts/basics.tsx';
import { lagWords } from '../../parts/state.tsx';

/** How it goes just now: the last two minutes, a look a second. */
export function LiveTiles({ connection }: { readonly connection: ConnectionDetail }): ReactNode {
  const i18n = useI18n();
  const { t, format } = i18n;
  const live = useLive(connection.name);
  const lag = live?.now.lagSeconds ?? connection.lagSeconds;
  const { deliveredAt, receivedAt } = connection;
  return (
    <section className="figures" aria-label={t('live.label')}>
      <Figure
        label={t('live.throughput')}
        note={<Line points={live?.points ?? []} of={({ perSecond }) => perSecond} />}
      >
        {live ? t('live.perSecond', { n: format.number(live.now.perSecond) }) : '–'}
      </Figure>
      <Figure
        label={t('lag')}
        note={<Line points={live?.points ?? []} of={({ lagSeconds }) => lagSeconds} />}
      >
        {lagWords(lag, live?.now.state ?? connection.state, i18n)}
      </Figure>
      <Figure
        label={t('live.deliveredAt')}
        note={deliveredAt === null ? t('never.delivered') : format.dateTime(deliveredAt)}
      >
        {deliveredAt === null ? '–' : format.ago(deliveredAt)}
      </Figure>
      <Figure
        label={t('live.receivedAt')}
        note={receivedAt === null ? t('never.received') : format.dateTime(receivedAt)}
      >
        {receivedAt === null ? '–' : format.ago(receivedAt)}
      </Figure>
    </section>
  );
}

const [WIDTH, HEIGHT, KEPT] = [200, 30, 120];
/** Fewer are a speck, and no line. */
const FEWEST = 5;

function Line({
  points,
  of,
}: {
  readonly points: readonly LivePoint[];
  readonly of: (point: LivePoint) => number;
}): ReactNode {
  const top = Math.max(1, ...points.map(of));
  const x = (i: number) => ((KEPT - points.length + i) / (KEPT - 1)) * WIDTH;
  const y = (point: LivePoint) => HEIGHT - 1 - (of(point) / top) * (HEIGHT - 3);
  const line = points.map((point, i) => `${x(i).toFixed(1)},${y(point).toFixed(1)}`).join(' ');
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      width="100%"
      height={HEIGHT}
      aria-hidden
      style={{ display: 'block', marginTop: 6 }}
    >
      {points.length >= FEWEST && (
        <>
          <polygon
            points={`${x(0).toFixed(1)},${HEIGHT} ${line} ${WIDTH},${HEIGHT}`}
            fill="var(--s-accent)"
            opacity={0.12}
          />
          <polyline
            points={line}
            fill="none"
            stroke="var(--s-accent)"
            strokeWidth={1.5}
            vectorEffect="non-scaling-stroke"
          />
        </>
      )}
    </svg>
  );
}
