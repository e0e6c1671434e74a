import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { SegmentedControl, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { FigurePoint, Figures, Period } from '../../api.ts';
import { type I18n, useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded } from '../../parts/basics.tsx';
import { figuresQuery } from '../../queries.ts';

const PERIODS: readonly Period[] = ['hour', 'day', 'week', 'month'];

/** What became of the records over time. */
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
      <Loaded query={query} rows={1} height={240}>
        {(figures) => <Chart figures={figures} />}
      </Loaded>
    </Card>
  );
}

function Chart({ figures }: { readonly figures: Figures }): ReactNode {
  const { t, format } = useI18n();
  const { points } = figures;
  const total = sumOf(points);
  if (total.read === 0) return <Empty title={t('charts.empty')} />;
  const data = points.map((point) => ({
    ...point,
    label: labelOf(point.at, figures.step, format),
  }));
  return (
    <>
      <div aria-hidden>
        <BarChart
          h={250}
          data={data}
          dataKey="label"
          type="stacked"
          withLegend
          legendProps={{ verticalAlign: 'bottom', height: 32, itemSorter: null }}
          series={[
            { name: 'delivered', label: t('delivered'), color: 'var(--s-accent)' },
            { name: 'skipped', label: t('skipped'), color: 'var(--s-chart-mute)' },
            { name: 'deadLetters', label: t('deadLetters'), color: 'var(--s-bad)' },
          ]}
          valueFormatter={(value) => format.number(value)}
          yAxisProps={{ tickFormatter: (value: number) => format.compact(value), width: 48 }}
          xAxisProps={{ minTickGap: 24 }}
          gridAxis="x"
          tickLine="none"
          maxBarWidth={28}
          barProps={{ isAnimationActive: false }}
        />
      </div>
      <Text size="sm" c="dimmed" mt="xs">
        {t('charts.sum', {
          read: total.read,
          delivered: total.delivered,
          skipped: total.skipped,
          deadLetters: total.deadLetters,
        })}
      </Text>
    </>
  );
}

export function sumOf(points: readonly FigurePoint[]): Omit<FigurePoint, 'at'> {
  const sum = { read: 0, delivered: 0, skipped: 0, deadLetters: 0 };
  for (const each of points) {
    sum.read += each.read;
    sum.delivered += each.delivered;
    sum.skipped += each.skipped;
    sum.deadLetters += each.deadLetters;
  }
  return sum;
}

function labelOf(at: string, step: string, format: I18n['format']): string {
  return step === 'day' ? format.date(at) : format.shortTime(at);
}
