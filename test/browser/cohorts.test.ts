import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { BRAZE_DEMO_CREDENTIALS } from '../../src/sandbox/braze-rest/options.ts';
import { startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { cohortCall, upTo } from '../support/cohort-call.ts';
import { openDashboardWorld } from '../support/dashboard-world.ts';
import { eventually } from '../support/service.ts';

const [API_KEY = ''] = Object.keys(BRAZE_DEMO_CREDENTIALS.apiKeys);
const ATTRIBUTE = 'mp_cohort_4242';
const MEMBERS = 40;

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('a key is created, a cohort received and seen, and a guarded removal approved', async () => {
  await using stack = new AsyncDisposableStack();
  const braze = await startBrazeSandbox();
  stack.defer(() => braze.close());
  for (const n of upTo(MEMBERS)) braze.addUser({ kind: 'external_id', id: `u${n}` });
  const world = stack.use(await openDashboardWorld());
  const { page, faults } = await world.signedIn('admin', '/cohorts');
  const inBraze = () => {
    const users = upTo(MEMBERS).map((n) => braze.attributes({ kind: 'external_id', id: `u${n}` }));
    return users.filter((each) => each?.[ATTRIBUTE] === true).length;
  };
  const eventuallyInBraze = (n: number) =>
    eventually(
      () => Promise.resolve(inBraze()),
      (found) => found === n,
    );

  // From nothing: the empty page leads to an import, which says what is missing.
  await page.getByText('Bring your first cohort into Braze').waitFor();
  await page.getByRole('link', { name: 'Create import' }).click();
  await button(page, 'Create import').click();
  await page.getByText('Up to 64 letters').waitFor();
  await page.getByLabel('Name of the import').fill('crm');
  await page.getByRole('combobox', { name: 'Instance' }).fill(braze.url);
  await page.getByRole('textbox', { name: 'REST API key' }).fill('wrong');
  await button(page, 'Check access').click();
  await page.getByText('It does not work yet').waitFor();
  await page.getByRole('textbox', { name: 'REST API key' }).fill(API_KEY);
  await button(page, 'Check access').click();
  await page.getByText('It works', { exact: true }).waitFor();
  // So that the same user may be written again at once.
  await page.getByLabel('Between two writes of one user').fill('0');
  await button(page, 'Create import').click();

  // A key is shown once; the address with it is ready to be pasted.
  await page.getByText('It has no key').waitFor();
  await button(page, 'Create key').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Note').fill('Project 991');
  await dialog.getByRole('button', { name: 'Create key' }).click();
  await page.getByText('Copy it now').waitFor();
  const url = await dialog.getByLabel('URL of the webhook', { exact: true }).inputValue();
  expect(url).toMatch(new RegExp(`^${world.served.url}/cohorts/.{30,}$`));
  await button(page, 'I have copied it').click();
  await page.getByRole('cell', { name: /^Project 991 sluice_ck_/ }).waitFor();
  const send = async (members: readonly number[], more: Readonly<Record<string, unknown>>) => {
    const call = cohortCall('4242', members, { mixpanel_cohort_name: 'Clicked', ...more });
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(call) });
    expect(await answer.json()).toEqual({ action: 'members', status: 'success' });
  };

  // One page of two is in: it is seen, and counts for nothing.
  const all = upTo(MEMBERS);
  await send(all.slice(0, 20), { page_info: { total_pages: 2, page_count: 1 } });
  await page.getByRole('link', { name: 'Its cohorts' }).click();
  await page.getByText('Receiving page 1 of 2').waitFor();
  await page.getByRole('link', { name: 'Clicked' }).click();
  await page.getByText('1 of 2 pages are in: 1').waitFor();

  // With the second it is whole. The import rests: what would be written is shown, and nothing is.
  await send(all.slice(20), { page_info: { total_pages: 2, page_count: 2 } });
  await page.getByRole('tab', { name: 'Pending changes' }).click();
  await page.getByText('All 2 pages are in').waitFor();
  await page.getByText('Data points').waitFor();
  await page.getByRole('cell', { name: 'u1 External id', exact: true }).waitFor();
  expect(inBraze()).toBe(0);
  await page.getByRole('link', { name: 'crm', exact: true }).click();
  await button(page, 'Resume').click();
  await page.getByText('crm goes on').waitFor();
  await eventuallyInBraze(MEMBERS);

  // Braze has it, and how to make a segment of it is told with the values of this cohort.
  await page.getByRole('link', { name: 'Its cohorts' }).click();
  await page.getByText('Written', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Clicked' }).click();
  await page.getByRole('link', { name: 'Make the Braze segment' }).click();
  await page.getByRole('img', { name: `Custom Attributes → ${ATTRIBUTE} → is → true` }).waitFor();

  // Most of it would leave: that waits for a person, who looks and approves.
  await send(upTo(5), { mixpanel_session_id: 'second' });
  await page.getByText(`35 of ${MEMBERS} users would leave`).waitFor();
  expect(inBraze()).toBe(MEMBERS);
  await button(page, 'See who would leave').click();
  await page.getByText('The removals wait for a person').waitFor();
  await button(page, 'Approve the removals').click();
  await dialog.getByRole('button', { name: 'Approve the removals' }).click();
  await page.getByText('The removals of Clicked are approved').waitFor();
  await eventuallyInBraze(5);
  await page.getByText('Braze has everything').waitFor();

  // What was done stands in the audit log.
  await page.goto(`${world.served.url}/settings?tab=audit`);
  await page.getByText('Approved removals of').waitFor();
  expect(faults).toEqual([]);
});

test('a user whom nobody may reach is suppressed, and an old key ends', async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await openDashboardWorld());
  const { page, faults } = await world.signedIn('admin', '/create-cohort-import');
  await page.getByLabel('Name of the import').fill('files');
  await page.getByRole('radio', { name: 'Files' }).click();
  await page.getByLabel('Folder').fill(world.scene.root);
  await button(page, 'Create import').click();

  await page.getByRole('tab', { name: 'Suppression list' }).click();
  await page.getByLabel('Ids in Braze').fill('u7\nu8, and more\nu7');
  await page.getByText('2 ids').waitFor();
  await button(page, 'Suppress').click();
  await page.getByText('2 users are suppressed').waitFor();
  await button(page, 'Remove u8 from the list').click();
  await page.getByText('u8 is suppressed no more').waitFor();
  await page.getByRole('cell', { name: 'u8 External id' }).waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: 'u7 External id' }).waitFor();

  const call = async (url: string): Promise<number> =>
    (await fetch(url, { method: 'POST', body: JSON.stringify(cohortCall('7', [1])) })).status;
  const dialog = page.getByRole('dialog');
  const urlShown = async (): Promise<string> => {
    await page.getByText('Copy it now').waitFor();
    const url = await dialog.getByLabel('URL of the webhook', { exact: true }).inputValue();
    await button(page, 'I have copied it').click();
    return url;
  };
  await page.getByRole('tab', { name: 'Connect Mixpanel' }).click();
  await button(page, 'Create key').click();
  await dialog.getByLabel('Note').fill('first');
  await dialog.getByRole('button', { name: 'Create key' }).click();
  const old = await urlShown();
  await button(page, 'Rotate first').click();
  await dialog.getByLabel('Hours for which the old key goes on').fill('0');
  await dialog.getByRole('button', { name: 'Rotate', exact: true }).click();
  const fresh = await urlShown();
  await page.getByText('Ended', { exact: true }).waitFor();
  expect([await call(old), await call(fresh)]).toEqual([401, 200]);
  await button(page, 'Invalidate first').click();
  await dialog.getByRole('button', { name: 'Invalidate', exact: true }).click();
  await expect.poll(() => page.getByText('Ended', { exact: true }).count()).toBe(2);
  expect(await call(fresh)).toBe(401);

  // Settings change after a look at the difference; a cohort goes with the choice of what becomes of it.
  await page.getByRole('tab', { name: 'Settings' }).click();
  await button(page, 'Edit').click();
  await page.getByLabel('Removals wait when they are more than').fill('50');
  await button(page, 'Update import').click();
  await dialog.getByText('guard.share').waitFor();
  await dialog.getByText('0.5').waitFor();
  await dialog.getByRole('button', { name: 'Update import' }).click();
  await page.getByText('files is updated').waitFor();
  await page.goto(`${world.served.url}/cohorts`);
  await page.getByRole('link', { name: 'Cohort 7' }).click();
  await button(page, 'More').click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await dialog.getByRole('radio', { name: 'Leave Braze as it is' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No cohort has come yet').waitFor();
  expect(faults).toEqual([]);
});
