import { expect, test } from 'vitest';
import { closeCohort } from './demo-closing.ts';
import type { DemoCohort } from './demo-cohorts.ts';

const FIGURES = {
  ...{ name: 'Clicked', inMixpanel: 9, withoutId: 1, inBraze: 7, added: 2, removed: 0, why: null },
};
const SHELL = {
  terminal: { out() {}, err() {}, live: false, color: false, width: Infinity },
};
const never = new AbortController().signal;

/** Braze holds it at once, or never. */
function cohortThat(isEqual: boolean): DemoCohort {
  return {
    figures: () => FIGURES,
    untilEqual: (signal) =>
      new Promise((resolve) => {
        if (isEqual) resolve(true);
        signal.addEventListener('abort', () => resolve(false));
      }),
  };
}

test('a cohort that Braze holds is said with its sizes', async () => {
  expect(await closeCohort(cohortThat(true), SHELL, never)).toEqual({
    equal: true,
    figures: FIGURES,
    text: '✓ Braze holds the cohort "Clicked": 9 in Mixpanel, 7 in Braze, 1 without an id',
  });
});

test('a Braze that does not come to hold it is a failure that says so', async () => {
  const closed = await closeCohort(cohortThat(false), SHELL, never, 20);
  expect(closed.equal).toBe(false);
  expect(closed.text).toMatch(
    /^✗ After 0\.0 s Braze does not hold the cohort: cohort "Clicked": 9 in Mixpanel, 7 in Braze/,
  );
});

test('who stops it before is told that nothing was compared', async () => {
  const aborter = new AbortController();
  const closing = closeCohort(cohortThat(false), SHELL, aborter.signal);
  aborter.abort();
  expect((await closing).text).toMatch(/^✗ It was stopped before Braze held the cohort/);
  for (const cohort of [undefined, cohortThat(true)])
    expect(await closeCohort(cohort, SHELL, aborter.signal)).toMatchObject({ equal: false });
});
