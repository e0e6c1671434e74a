import type { ConnectionStatus } from '../core/connections.ts';
import { cohortFigures, cohortLine, type DemoCohortFigures } from './demo-cohorts.ts';
import { number, type Palette, palette, table, type Terminal } from './terminal.ts';

export interface DemoFigures {
  readonly statuses: readonly ConnectionStatus[];
  /** Events of the sandbox, each counted once, and repeats that it dropped. */
  readonly distinct: number;
  readonly duplicates: number;
  /** Undefined before its first sync. */
  readonly cohort: DemoCohortFigures | undefined;
  /** Milliseconds on a clock that never goes back. */
  readonly at: number;
}

/** Shows a running service: a table that redraws itself on a terminal, a line now and then elsewhere. */
export function createDemoView(terminal: Terminal): { show(figures: DemoFigures): void } {
  const paint = palette(terminal.color);
  let drawnLines = 0;
  let before: DemoFigures | undefined;

  return {
    show(figures) {
      const rate = rateOf(before, figures);
      before = figures;
      if (!terminal.color) {
        terminal.out(`${plainLine(figures, rate)}\n`);
        return;
      }
      const text = tableText(figures, rate, paint) + cohortText(figures, terminal.width, paint);
      const up = drawnLines > 0 ? `\u001b[${drawnLines}A\u001b[J` : '';
      terminal.out(up + text);
      drawnLines = text.split('\n').length - 1;
    },
  };
}

/** Delivered events a second since the last look. */
function rateOf(before: DemoFigures | undefined, now: DemoFigures): number {
  if (!before) return 0;
  return Math.round((now.distinct - before.distinct) / ((now.at - before.at) / 1000));
}

function tableText(figures: DemoFigures, rate: number, paint: Palette): string {
  const rows = figures.statuses.map((each) => [
    each.connection,
    each.state.kind.replace('-', ' '),
    number(each.read),
    number(each.delivered),
    number(each.skipped),
    number(each.deadLetters),
    `${number(each.lagSeconds)} s`,
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'connection' },
    { title: 'state' },
    ...['read', 'delivered', 'skipped', 'dead letters', 'lag'].map(right),
  ];
  return `${table(columns, rows, { dim: paint.dim })}${paint.dim(closing(figures, rate))}\n`;
}

/** Two lines, cut to the terminal: a line that it wraps would not be drawn over. */
function cohortText({ cohort }: DemoFigures, width: number, { dim }: Palette): string {
  if (!cohort) return '';
  const lines = [`Cohort "${cohort.name}":`, `  ${cohortFigures(cohort)}`];
  return lines.map((line) => `${dim(line.slice(0, width))}\n`).join('');
}

function plainLine(figures: DemoFigures, rate: number): string {
  const each = figures.statuses.map(
    ({ connection, state, read, delivered, skipped, deadLetters }) =>
      `${connection} ${state.kind}: ${number(read)} read = ${number(delivered)} delivered + ${number(skipped)} skipped + ${number(deadLetters)} dead letters`,
  );
  const cohort = figures.cohort ? `\n   ${cohortLine(figures.cohort)}` : '';
  return `   ${each.join('; ')}. ${closing(figures, rate)}${cohort}`;
}

function closing({ distinct, duplicates }: DemoFigures, rate: number): string {
  const twice = duplicates === 0 ? 'none twice' : `${number(duplicates)} repeats dropped`;
  return `Mixpanel holds ${number(distinct)} events, ${twice}; ${number(rate)} a second now.`;
}
