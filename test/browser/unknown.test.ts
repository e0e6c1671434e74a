import { expect, test } from 'vitest';
import { specOf } from '../support/api-world.ts';
import { CLICK, clicks, currentsFile, put } from '../support/currents-file.ts';
import { type DashboardWorld, openDashboardWorld } from '../support/dashboard-world.ts';
import type { Scene } from '../support/scene.ts';

const PIGEON = 'users.messages.carrier_pigeon.Send';

const optional = { type: ['null', 'string'], default: null };
/** Of a type that is in no catalogue. */
const SEND = {
  ...CLICK,
  namespace: 'dataexport.prod01.inner.users.messages.carrier_pigeon',
  name: 'Send',
};
/** Of a known type, with a field that is in no catalogue. */
const WITH_BEAK = { ...CLICK, fields: [...CLICK.fields, { name: 'beak_colour', ...optional }] };

/** One file of each, whose ids begin with `file`. */
async function sent({ root }: Scene, file: string): Promise<void> {
  const beaks = clicks(`${file}-click`, 4).map((each) => ({ ...each, beak_colour: 'yellow' }));
  await put(root, `currents/${file}-click.avro`, currentsFile(beaks, { schema: WITH_BEAK }));
  const pigeons = clicks(`${file}-pigeon`, 3);
  await put(root, `currents/${file}-pigeon.avro`, currentsFile(pigeons, { schema: SEND }));
}

const eventsOf = ({ scene }: DashboardWorld, file: string) =>
  scene.sandbox
    .events()
    .filter(({ properties }) => String(properties['$insert_id']).startsWith(file));

test('new types and new fields that Braze sends are listed, and sent from the click on', async () => {
  await using world = await openDashboardWorld(async (scene) => {
    await sent(scene, 'old');
    // Of the new type nothing is selected yet.
    return [specOf(scene, 'orders', { settings: { events: ['users.messages.email.*'] } })];
  });
  const { page, faults } = await world.signedIn('editor');
  await expect.poll(() => eventsOf(world, 'old-click').length, { timeout: 20_000 }).toBe(4);
  for (const { properties } of eventsOf(world, 'old'))
    expect(properties).not.toHaveProperty('beak_colour');

  await page.goto(`${world.served.url}/events`);
  for (const [name, setting, records] of [
    [PIGEON, 'settings.uncatalogued', '3'],
    ['beak_colour', 'settings.newFields', '4'],
  ] as const) {
    const row = page.getByRole('row').filter({ hasText: name });
    await row.getByText('orders').waitFor();
    await row.getByText(records, { exact: true }).waitFor();
    await page.getByRole('button', { name: `Include ${name}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(setting).waitFor();
    await dialog.getByRole('button', { name: 'Include' }).click();
    await page.getByText(`${name} is sent from now on`).waitFor();
    await row.getByText('Included').waitFor();
  }

  // What is read before the service has taken up the change is skipped, as before.
  await expect
    .poll(() => world.served.service.specs()[0]?.spec.settings)
    .toMatchObject({ newFields: 'send', uncatalogued: 'send' });
  await sent(world.scene, 'new');
  await expect.poll(() => eventsOf(world, 'new').length, { timeout: 20_000 }).toBe(7);
  const pigeons = eventsOf(world, 'new-pigeon');
  expect(pigeons.map(({ event }) => event)).toEqual(Array(3).fill('Carrier Pigeon Send'));
  for (const { properties } of eventsOf(world, 'new-click'))
    expect(properties).toMatchObject({ beak_colour: 'yellow' });
  expect(world.scene.sandbox.stats().duplicates).toBe(0);
  expect(faults).toEqual([]);
});
