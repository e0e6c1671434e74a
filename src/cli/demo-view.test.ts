import { expect, test } from 'vitest';
import { createDemoView, type DemoFigures } from './demo-view.ts';

const FIGURES: DemoFigures = {
  ...{ statuses: [], distinct: 3, duplicates: 0, at: 0 },
  cohort: {
    ...{ name: 'Clicked an email, no purchase for 7 days', inMixpanel: 9, withoutId: 1 },
    ...{ inBraze: 7, added: 2, removed: 0, why: 'it answered HTTP 503 '.repeat(20) },
  },
};

function shown(figures: DemoFigures[], color: boolean, width = Infinity): string[] {
  const texts: string[] = [];
  const out = (text: string): void => void texts.push(text);
  const view = createDemoView({ out, err() {}, live: color, color, width });
  for (const each of figures) view.show(each);
  return texts;
}

test('on a terminal the cohort is cut to its width, so that the next look is drawn over this one', () => {
  const [first, second] = shown([FIGURES, { ...FIGURES, at: 1000 }], true, 70);
  // oxlint-disable-next-line no-control-regex
  const lines = first!.replaceAll(/\u001b\[\d+m/g, '').split('\n');
  const ofCohort = lines.slice(
    lines.findIndex((line) => line.startsWith('Cohort')),
    -1,
  );
  expect(ofCohort.map((line) => line.length)).toEqual([50, 70]);
  expect(second!.startsWith(`\u001b[${lines.length - 1}A\u001b[J`)).toBe(true);
});

test('elsewhere it has a line of its own, from its first sync on', () => {
  expect(shown([FIGURES], false)[0]).toContain('\n   cohort "Clicked an email');
  expect(shown([{ ...FIGURES, cohort: undefined }], false)[0]).not.toContain('cohort');
});
