import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { clicks, currentsFile, CUSTOM_EVENT, customEvent, put } from '../support/currents-file.ts';
import { openDashboardWorld, PASSWORD, setUp } from '../support/dashboard-world.ts';
import { type Scene, TOKEN } from '../support/scene.ts';

const CLICKS = 'currents/event_type=users.messages.email.Click/date=2026-07-01-00/1.avro';
const CUSTOM = 'currents/event_type=users.behaviors.CustomEvent/date=2026-07-01-00/1.avro';

const connectionOf = (scene: Scene, name: string, token = TOKEN) => ({
  name,
  source: { kind: 'directory', path: scene.currents },
  destination: {
    kind: 'mixpanel',
    region: 'us',
    url: scene.sandbox.url,
    credentials: { kind: 'project-token', token },
  },
  poll: 1,
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('from the first start over the empty page to delivered events, with a wrong credential on the way', async () => {
  await using world = await openDashboardWorld();
  const { scene, served } = world;
  await put(scene.root, CLICKS, currentsFile(clicks('a', 300, { anonymousEvery: 100 })));

  const { page, faults } = await world.visit(new URL(served.setUpUrl!).hash.replace(/^/, '/'));
  await page.getByText('Welcome to Sluice').waitFor();
  // The token is nowhere in the address any more.
  expect(page.url()).toBe(`${served.url}/`);
  await setUp(page);
  await page.getByText('Create your first Current').waitFor();

  await button(page, 'Create Current').click();
  await page.getByRole('menuitem', { name: 'Mixpanel export' }).click();
  await button(page, 'Continue').click();
  await page.getByText('Up to 64 letters').waitFor();
  await page.getByLabel('Integration name').fill('first');
  await page.getByLabel('Contact email').fill('data@example.com');
  await button(page, 'Continue').click();

  // The wrong token is told before anything is launched, in Mixpanel's words.
  await page.getByRole('radio', { name: 'Project token' }).click();
  await page.getByRole('textbox', { name: 'Project token' }).fill('mistyped');
  await page.getByRole('radio', { name: 'United States' }).click();
  await button(page, 'Advanced').click();
  await page.getByLabel('Another base URL').fill(scene.sandbox.url);
  await button(page, 'Check credentials').click();
  await page.getByText('Invalid credentials').waitFor();
  await page.getByRole('textbox', { name: 'Project token' }).fill(TOKEN);
  await button(page, 'Check credentials').click();
  await page.getByText('Mixpanel accepts the credentials').waitFor();
  await button(page, 'Continue').click();

  await page.getByRole('radio', { name: 'Folder' }).click();
  await page.getByLabel('Folder', { exact: false }).last().fill('/nowhere/at/all');
  await button(page, 'Check access').click();
  await page.getByText('It does not work yet').waitFor();
  await page.getByLabel('Folder', { exact: false }).last().fill(scene.currents);
  await button(page, 'Check access').click();
  await page.getByText(/holds 1 Avro file/).waitFor();

  // Leaving and coming back loses nothing, the secret included.
  await page.getByText('Draft saved').waitFor();
  await page.getByRole('link', { name: 'Currents' }).click();
  await page.getByRole('link', { name: 'Continue' }).click();
  await page.getByText(/Avro files of a folder|Avro files in a folder/).waitFor();
  await page.reload();
  await button(page, 'Continue').click();

  await button(page, 'Measure real volumes').click();
  await page.getByText('Estimate from a sample').waitFor();
  await page.getByLabel('Search events').fill('email click');
  await page.getByText('users.messages.email.Click', { exact: true }).waitFor();
  await button(page, 'Continue').click();
  await button(page, 'Continue').click();

  await page.getByText('As Mixpanel gets it').waitFor();
  await page.getByText('"$insert_id"').first().waitFor();
  await button(page, 'Continue').click();
  await page.getByText('Before you launch').waitFor();
  await button(page, 'Launch Current').click();

  await page.waitForURL(`${served.url}/connections/first`);
  await page.getByText('The books balance').waitFor();
  const balance = page.getByRole('region', { name: 'Balance' });
  await balance.getByText('300', { exact: true }).waitFor();
  await balance.getByText('297', { exact: true }).waitFor();
  expect(scene.sandbox.stats().distinct).toBe(297);
  expect(scene.sandbox.stats().duplicates).toBe(0);

  // The draft has served.
  await page.getByRole('link', { name: 'Currents' }).first().click();
  await page.getByRole('link', { name: 'first' }).waitFor();
  expect(await page.getByText('left at').count()).toBe(0);
  expect(faults).toEqual([]);
});

test('a halted Current says why, and goes on once its credentials are mended; the change is shown before', async () => {
  await using world = await openDashboardWorld(async (scene) => {
    await put(scene.root, CLICKS, currentsFile(clicks('a', 20)));
    return [connectionOf(scene, 'orders', 'mistyped')];
  });
  const { page, faults } = await world.signedIn('editor', '/connections/orders');
  await page.getByRole('alert').getByText('Invalid credentials').waitFor();
  await page.getByRole('link', { name: 'See the settings' }).click();

  const token = page.getByRole('textbox', { name: 'Project token' });
  expect(await token.getAttribute('readonly')).not.toBeNull();
  await button(page, 'Edit').click();
  await page.getByLabel('Contact email').fill('data@example.com');
  await token.fill(TOKEN);
  await button(page, 'Update Current').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('destination.credentials.token').waitFor();
  await dialog.getByText('data@example.com').waitFor();
  expect(await dialog.textContent()).not.toContain(TOKEN);
  await dialog.getByRole('button', { name: 'Update Current' }).click();
  await page.getByText('orders is updated').waitFor();

  const balance = page.getByRole('region', { name: 'Balance' });
  await balance.getByText('20', { exact: true }).first().waitFor({ timeout: 30_000 });
  expect(world.scene.sandbox.stats().distinct).toBe(20);
  expect(faults).toEqual([]);
});

test('a stored secret that is not required can be taken away, and nobody is shown it', async () => {
  await using world = await openDashboardWorld((scene) => [
    {
      ...connectionOf(scene, 'orders', TOKEN),
      paused: true,
      destination: {
        ...{
          kind: 'mixpanel',
          region: 'us',
          url: scene.sandbox.url,
          token: 'a-token-to-take-away',
        },
        credentials: {
          ...{ kind: 'service-account', username: 'robot', secret: 'a-secret-to-keep' },
          projectId: '123',
        },
      },
    },
  ]);
  const { page, faults } = await world.signedIn('editor', '/connections/orders?tab=settings');
  await button(page, 'Edit').click();
  await button(page, 'Remove Project token (optional)').click();
  await page.getByText('It is taken away when you save').waitFor();
  await button(page, 'Update Current').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('destination.token').waitFor();
  expect(await dialog.textContent()).not.toContain('a-token-to-take-away');
  await dialog.getByRole('button', { name: 'Update Current' }).click();
  await page.getByText('orders is updated').waitFor();
  const stored = await world.served.service.state.connections.get('orders');
  expect(stored?.spec).toMatchObject({
    destination: { credentials: { secret: 'a-secret-to-keep' } },
  });
  expect(JSON.stringify(stored?.spec)).not.toContain('a-token-to-take-away');
  expect(faults).toEqual([]);
});

test('two who change the same Current: the second is told, and nothing is lost', async () => {
  await using world = await openDashboardWorld((scene) => [
    { ...connectionOf(scene, 'orders'), paused: true },
  ]);
  const one = await world.signedIn('editor', '/connections/orders?tab=settings');
  await button(one.page, 'Edit').click();
  await one.page.getByLabel('Contact email').fill('one@example.com');

  const two = await world.signedIn('admin', '/connections/orders?tab=settings');
  await button(two.page, 'Edit').click();
  await two.page.getByLabel('Contact email').fill('two@example.com');
  await button(two.page, 'Update Current').click();
  await two.page.getByRole('dialog').getByRole('button', { name: 'Update Current' }).click();
  await two.page.getByText('orders is updated').waitFor();

  await button(one.page, 'Update Current').click();
  await one.page.getByText('Somebody else has changed this Current').waitFor();
  await button(one.page, 'Cancel').click();
  await expect
    .poll(() => one.page.getByLabel('Contact email').inputValue(), { timeout: 15_000 })
    .toBe('two@example.com');
});

test('a dead letter is found, understood and retried', async () => {
  await using world = await openDashboardWorld(async (scene) => {
    await put(scene.root, CLICKS, currentsFile(clicks('a', 10)));
    scene.sandbox.faults.set([{ kind: 'partial', match: { requests: 1 }, every: 10 }]);
    return [connectionOf(scene, 'orders')];
  });
  const { page, faults } = await world.signedIn('editor');
  await page.getByRole('link', { name: /^orders/ }).click();
  await page
    .getByRole('region', { name: 'Balance' })
    .getByRole('link', { name: 'Dead letters' })
    .click();
  await page.getByText('Mixpanel refused the event').waitFor();
  await page.getByRole('link', { name: /Look at them/ }).click();
  await page.getByRole('button', { name: 'Open dead letter 1', exact: true }).click();
  const letter = page.getByRole('dialog');
  await letter.getByText('refused by a fault script').waitFor();
  await letter.getByText('"Email Click"').waitFor();
  await letter.getByRole('button', { name: 'Retry' }).click();
  await page.getByText('1 delivered, 0 skipped, 0 still refused.').waitFor();
  await page.getByRole('link', { name: 'Dead letters' }).first().click();
  await page.getByText('No dead letters').waitFor();
  expect(world.scene.sandbox.stats()).toMatchObject({ distinct: 10, duplicates: 0 });
  expect(faults).toEqual([]);
});

test('a viewer sees everything and changes nothing', async () => {
  await using world = await openDashboardWorld(async (scene) => {
    await put(scene.root, CUSTOM, currentsFile([customEvent('c', '[]')], { schema: CUSTOM_EVENT }));
    return [connectionOf(scene, 'orders')];
  });
  const { page, faults } = await world.signedIn('viewer');
  await page.getByText('1 Current', { exact: true }).first().waitFor();
  expect(await button(page, 'Create Current').count()).toBe(0);
  await page.getByRole('link', { name: 'orders' }).click();
  await page.getByText('The books balance').waitFor();
  for (const name of ['Send Test Events', 'Pause', 'More', 'Edit'])
    expect(await button(page, name).count(), name).toBe(0);
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByLabel('Integration name').waitFor();
  for (const name of ['Edit', 'Check access', 'Check credentials', 'Measure real volumes'])
    expect(await button(page, name).count(), name).toBe(0);
  await page.getByRole('link', { name: 'Dead letters' }).first().click();
  await page.getByText('The properties are no JSON object').waitFor();
  expect(await page.getByRole('button', { name: /Retry/ }).count()).toBe(0);
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('tab', { name: 'Alerts' }).waitFor();
  for (const name of ['Users', 'API tokens', 'Audit log'])
    expect(await page.getByRole('tab', { name }).count(), name).toBe(0);
  await page.goto(`${world.served.url}/new`);
  await page.getByText('not create a Current').waitFor();

  // Whoever calls the API past the pages is refused all the same.
  const status = await page.evaluate(async () => {
    const session = (await (await fetch('/api/v1/session')).json()) as { csrf: string };
    const answer = await fetch('/api/v1/connections/orders/pause', {
      method: 'POST',
      headers: { 'x-csrf-token': session.csrf },
    });
    return answer.status;
  });
  expect(status).toBe(403);
  expect(faults).toEqual([]);
});

test('signing out ends the session; signing in takes the right password', async () => {
  await using world = await openDashboardWorld();
  const { page, faults } = await world.signedIn('admin');
  await page.getByRole('button', { name: /admin/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goBack().catch(() => undefined);
  await page.goto(`${world.served.url}/settings`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();

  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await button(page, 'Sign in').click();
  await page.getByText('The user name or the password is wrong').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await button(page, 'Sign in').click();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();

  // A link that was used leads to the door, and says so.
  await page.getByRole('button', { name: /admin/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goto('about:blank');
  await page.goto(`${world.served.url}/#token=used-up`);
  await page.getByText('The link is used up or too old').waitFor();
  expect(faults).toEqual([]);
});

test('users and tokens are made, and a password changed', async () => {
  await using world = await openDashboardWorld();
  const { page, faults } = await world.signedIn('admin', '/settings?tab=users');
  await button(page, 'Add user').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('User name').fill('maria');
  await dialog.getByRole('textbox', { name: 'First password' }).fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Add user' }).click();
  await page.getByText('maria can sign in now').waitFor();

  await page.getByRole('tab', { name: 'API tokens' }).click();
  await button(page, 'Create token').click();
  await dialog.getByLabel('Name').fill('grafana');
  await dialog.getByRole('button', { name: 'Create token' }).click();
  const made = page.getByRole('textbox', { name: 'API token' });
  await made.waitFor();
  const token = await made.inputValue();
  const answer = await fetch(`${world.served.url}/api/v1/connections`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  await button(page, 'I have copied it').click();

  await page.getByRole('tab', { name: 'Password' }).click();
  await page.getByRole('textbox', { name: 'New password' }).fill('another horse battery');
  await page.getByRole('textbox', { name: 'Repeat the password' }).fill('another horse battery');
  await button(page, 'Change password').click();
  await page.getByText('The password is changed').waitFor();

  // Calls that change something go on: the session that was renewed is trusted.
  await page.getByRole('tab', { name: 'API tokens' }).click();
  await page.getByRole('button', { name: 'Revoke grafana' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('No API tokens').waitFor();
  await page.getByRole('tab', { name: 'Audit log' }).click();
  await page.getByText('Revoked token').waitFor();
  expect(faults).toEqual([]);
});
