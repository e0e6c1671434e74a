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
  for (const tag of new Set(operations.flatMap(({ tags }) => tags)))
    await page.getByRole('heading', { name: tag, exact: true }).first().waitFor();
  // Each group is opened by its own button; the sidebar then names every operation within.
  await page.goto(`${served.url}/api/docs#tag/access`);
  await page.getByText('Sign in with a password').first().waitFor();
  expect(faults).toEqual([]);
});
