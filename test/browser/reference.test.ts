import { expect, test } from 'vitest';
import { openDashboardWorld } from '../support/dashboard-world.ts';

test('the API reference opens under its policy and shows every operation', async () => {
  await using world = await openDashboardWorld();
  const { served } = world;
  const answer = await fetch(`${served.url}/api/v1/openapi.json`);
  const { paths } = (await answer.json()) as {
    paths: Record<string, Record<string, { summary: string; tags: readonly string[] }>>;
  };
  const operations = Object.values(paths).flatMap((each) => Object.values(each));
  expect(operations.length).toBeGreaterThan(40);

  const { page, faults } = await world.visit('/api/docs');
  await page.getByRole('heading', { name: 'Sluice', exact: true }).first().waitFor();
  for (const tag of new Set(operations.flatMap(({ tags }) => tags))) {
    const opens = page.getByRole('button', { name: `Open Group - ${tag}`, exact: true });
    await page.getByText(`Group - ${tag}`).first().waitFor({ state: 'attached' });
    if (await opens.isVisible()) await opens.click();
  }
  for (const { summary } of operations) await page.getByText(summary).first().waitFor();
  // An example stands beside its operation.
  await page.getByText('"orders"').first().waitFor();
  expect(faults).toEqual([]);
});
