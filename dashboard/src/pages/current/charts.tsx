import '@mantine/charts/styles.css';
import { AreaChart, BarChart } from '@mantine/charts';
import { Group, SegmentedControl, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { FigurePoint, Figures, Period } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded } from '../../parts/basics.tsx';
import { LookOnly } from '../../parts/look-only.tsx';
import { figuresQuery } from '../../queries.ts';
import { lagTop } from './lag-top.ts';
import { sumOf } from './sum-of.ts';

const PERIODS: readonly Period[] = ['hour', 'day', 'week', 'month'];

/** What became of the records over time, and how far behind it was. */
export function Charts({ name }: { readonly name: string }): ReactNode {
  const { t } = useI18n();
  const [period, setPeriod] = useState<Period>('day');
  const query = useQuery(figuresQuery(name, period));
  return (
    <Card
      title={t('charts.title')}
      about={t(`charts.about.${period}`)}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('charts.period')}
          value={period}
          onChange={(value) => setPeriod(PERIODS.find((each) => each === value) ?? 'day')}
          data={PERIODS.map((value) => ({ value, label: t(`period.${value}`) }))}
        />
      }
    >
      <Loaded query={query} rows={1} height={330}>
        {(figures) => <Chart figures={figures} />}
      </Loaded>
    </Card>
  );
}

type Row = FigurePoint & { readonly label: string };

function Chart({ figures: { step, points } }: { readonly figures: Figures }): ReactNode {
  const { t, format } = useI18n();
  const total = sumOf(points);
  const hasLag = points.some(({ lagSeconds }) => lagSeconds !== null && lagSeconds > 0);
  if (total.read === 0 && total.deadLetters === 0 && !hasLag)
    return <Empty title={t('charts.empty')} />;
  const data = points.map((point): Row => ({
    ...point,
    // Below zero where more were delivered late than were refused: nothing that a stack can show.
    deadLetters: Math.max(0, point.deadLetters),
    label: step === 'day' ? format.date(point.at) : format.shortTime(point.at),
  }));
  return (
    <>
      <LookOnly>
        {total.read > 0 && (
          <>
            <Counts data={data} />
            <Legend />
          </>
        )}
        {hasLag && (
          <>
            <Text size="xs" c="dimmed" fw={500} mt="md" mb={4}>
              {t('charts.lag')}
            </Text>
            <Lag data={data} />
          </>
        )}
      </LookOnly>
      <Text size="sm" c="dimmed" mt="xs">
        {t('charts.sum', total)}
      </Text>
    </>
  );
}

const SERIES = [
  { name: 'delivered', color: 'var(--s-accent)' },
  { name: 'skipped', color: 'var(--s-chart-mute)' },
  { name: 'deadLetters', color: 'var(--s-bad)' },
] as const;

function Legend(): ReactNode {
  const { t } = useI18n();
  return (
    <Group gap="4px 18px" justify="center" mt={4}>
      {SERIES.map(({ name, color }) => (
        <Group key={name} gap={7}>
          <span style={{ width: 10, height: 10, borderRadius: 3, background: color }} />
          <Text size="sm">{t(name)}</Text>
        </Group>
      ))}
    </Group>
  );
}

function Counts({ data }: { readonly data: Row[] }): ReactNode {
  const { t, format } = useI18n();
  return (
    <BarChart
      h={250}
      data={data}
      dataKey="label"
      type="stacked"

      series={SERIES.map(({ name, color }) => ({ name, label: t(name), color }))}
      valueFormatter={(value) => format.number(value)}
      yAxisProps={{ tickFormatter: (value: number) => format.compact(value), width: 56 }}
      xAxisProps={{ minTickGap: 24 }}
      gridAxis="x"
      tickLine="none"
      maxBarWidth={28}
      barProps={{ isAnimationActive: false }}
      // The sum below says it in words.
      barChartProps={{ accessibilityLayer: false }}
    />
  );
}

function Lag({ data }: { readonly data: Row[] }): ReactNode {
  const { t, format } = useI18n();
  const top = lagTop(Math.max(1, ...data.map(({ lagSeconds }) => lagSeconds ?? 0)));
  return (
    <AreaChart
      h={100}
      data={data}
      dataKey="label"
      series={[{ name: 'lagSeconds', label: t('lag'), color: 'var(--s-info)' }]}
      valueFormatter={(value) => format.duration(value)}
      yAxisProps={{
        tickFormatter: (value: number) => format.duration(value),
        width: 56,
        domain: [0, top],
        ticks: [0, top],
      }}
      xAxisProps={{ minTickGap: 24 }}
      gridAxis="x"
      tickLine="none"
      curveType="monotone"
      // A single point is no line.
      withDots={data.filter(({ lagSeconds }) => lagSeconds !== null).length < 3}
      areaProps={{ isAnimationActive: false }}
      areaChartProps={{ accessibilityLayer: false }}
    />
  );
}
