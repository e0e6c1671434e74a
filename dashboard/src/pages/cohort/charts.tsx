import '@mantine/charts/styles.css';
import { AreaChart } from '@mantine/charts';
import { Group, SegmentedControl, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import type { CohortDetail, CohortSize } from '../../api.ts';
import { sizesQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Loaded } from '../../parts/basics.tsx';
import { LookOnly } from '../../parts/look-only.tsx';

const HOUR = 3_600_000;
const PERIODS = { day: 24 * HOUR, week: 7 * 24 * HOUR, month: 30 * 24 * HOUR } as const;
type Period = keyof typeof PERIODS;
const NAMES = Object.keys(PERIODS) as Period[];

const SERIES = [
  { name: 'members', label: 'figure.members', color: 'var(--s-accent)' },
  { name: 'inBraze', label: 'cohorts.inBraze', color: 'var(--s-info)' },
] as const;

/** Members and those of them that Braze has, over time. */
export function Sizes({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t } = useI18n();
  const [period, setPeriod] = useState<Period>('month');
  // Of one moment, lest each drawing asks for another stretch.
  const since = useMemo(() => new Date(Date.now() - PERIODS[period]).toISOString(), [period]);
  const query = useQuery(sizesQuery(cohort.id, since));
  return (
    <Card
      title={t('sizes.title')}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('charts.period')}
          value={period}
          onChange={(value) => setPeriod(NAMES.find((each) => each === value) ?? 'month')}
          data={NAMES.map((value) => ({ value, label: t(`period.${value}`) }))}
        />
      }
    >
      <Loaded query={query} rows={1} height={220}>
        {({ items }) => <Chart sizes={items} cohort={cohort} since={since} />}
      </Loaded>
    </Card>
  );
}

function Chart({
  sizes,
  cohort,
  since,
}: {
  readonly sizes: readonly CohortSize[];
  readonly cohort: CohortDetail;
  readonly since: string;
}): ReactNode {
  const { t, format } = useI18n();
  const { members, inBraze } = cohort;
  const from = Date.parse(since);
  // As it stands now closes the line: a size is noted only when it changes.
  const data = [
    ...sizes.map((each) => ({ ...each, at: Date.parse(each.at) })),
    { at: Date.now(), members, inBraze },
  ];
  const first = sizes[0] ?? cohort;
  const isDay = Date.now() - from <= PERIODS.day + HOUR;
  return (
    <>
      <LookOnly>
        <AreaChart
          h={210}
          data={data}
          dataKey="at"
          series={SERIES.map(({ name, label, color }) => ({ name, label: t(label), color }))}
          valueFormatter={(value) => format.number(value)}
          yAxisProps={{ tickFormatter: (value: number) => format.compact(value), width: 56 }}
          xAxisProps={{
            type: 'number',
            scale: 'time',
            domain: [from, Date.now()],
            allowDataOverflow: true,
            minTickGap: 40,
            tickFormatter: (value: number) =>
              isDay ? format.shortTime(value) : format.date(value),
          }}
          tooltipProps={{
            // Without a point under the pointer there is no label.
            labelFormatter: (value) => (typeof value === 'number' ? format.dateTime(value) : ''),
          }}
          gridAxis="x"
          tickLine="none"
          curveType="stepAfter"
          withDots={false}
          fillOpacity={0.12}
          areaProps={{ isAnimationActive: false }}
          areaChartProps={{ accessibilityLayer: false }}
        />
        <Group gap="4px 18px" justify="center" mt={4}>
          {SERIES.map(({ name, label, color }) => (
            <Group key={name} gap={7}>
              <span style={{ width: 10, height: 10, borderRadius: 3, background: color }} />
              <Text size="sm">{t(label)}</Text>
            </Group>
          ))}
        </Group>
      </LookOnly>
      <Text size="sm" c="dimmed" mt="xs">
        {t('sizes.sum', { from: first.members, members, inBraze })}
      </Text>
    </>
  );
}
