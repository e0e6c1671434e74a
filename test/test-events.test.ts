import { expect, test } from 'vitest';
import { clicks, currentsFile, put } from './support/currents-file.ts';
import { openScene, TOKEN } from './support/scene.ts';
import { connection } from './support/service.ts';

test('sluice test sends one marked event of each selected type, and shows each', async () => {
  await using scene = await openScene();
  const args = ['test', '--mixpanel-url', scene.sandbox.url, '--project-token', TOKEN];
  const email = await scene.run([...args, '--events', 'users.messages.email.*']);
  expect(email.code).toBe(0);
  expect(email.stdout).toMatch(/^users\.messages\.email\.Click +Email Click +sent$/m);
  expect(email.stdout).toContain('11 test events sent, 0 rejected, 0 skipped.');
  expect(email.stdout).toContain('sluice_test');
  expect(scene.sandbox.events()).toHaveLength(11);
  for (const { properties } of scene.sandbox.events()) expect(properties['sluice_test']).toBe(true);

  const all = await scene.run([...args, '--json']);
  expect(all.code).toBe(0);
  expect(JSON.parse(all.stdout)).toMatchObject({ sent: 95, rejected: 0, skipped: 7 });
});

test('sluice test with a settings file uses it', async () => {
  await using scene = await openScene();
  const settings = await put(
    scene.root,
    's.yaml',
    'events: [users.behaviors.Purchase]\nstatic: {team: crm}\n',
  );
  const { code, stdout } = await scene.run([
    ...['test', '--mixpanel-url', scene.sandbox.url, '--project-token', TOKEN],
    ...['--settings', settings, '--json'],
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    sent: 1,
    results: [{ type: 'users.behaviors.Purchase', outcome: 'sent' }],
  });
  expect(scene.sandbox.events()[0]!.properties).toMatchObject({ team: 'crm', sluice_test: true });
});

test('sluice test ends with 3 when some are rejected, with 4 when it is halted, and never shows the secret', async () => {
  await using scene = await openScene();
  const args = ['test', '--mixpanel-url', scene.sandbox.url, '--events', 'users.messages.email.*'];
  scene.sandbox.faults.set([{ kind: 'partial', every: 5, match: { requests: 1 } }]);
  const partly = await scene.run([...args, '--project-token', TOKEN]);
  expect(partly.code).toBe(3);
  expect(partly.stdout).toMatch(/^users\.messages\.email\.\w+ .* rejected: /m);

  const halted = await scene.run([...args, '--project-token', 'not-the-token']);
  expect(halted.code).toBe(4);
  expect(halted.stdout).toContain('Halted: HTTP 401');
  expect(halted.stdout + halted.stderr).not.toContain('not-the-token');
  const halting = await scene.run([...args, '--project-token', 'not-the-token', '--json']);
  expect(JSON.parse(halting.stdout)).toMatchObject({
    sent: 0,
    halted: expect.stringContaining('401'),
  });
});

test('sluice test wants to know the project, and known types', async () => {
  await using scene = await openScene();
  expect((await scene.run(['test', '--region', 'eu'])).code).toBe(2);
  const wrong = await scene.run([
    ...['test', '--mixpanel-url', scene.sandbox.url, '--project-token', TOKEN],
    ...['--events', 'users.messages.emial.*'],
  ]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('users.messages.email.*');
  expect(scene.sandbox.stats().requests.total).toBe(0);
});

test('a stored connection is checked and sends its test events by its own settings', async () => {
  await using scene = await openScene();
  const of = (token: string, events: string[]) => [
    connection(scene, 'shop', {
      settings: { events },
      destination: {
        kind: 'mixpanel',
        region: 'us',
        url: scene.sandbox.url,
        credentials: { kind: 'project-token', token },
      },
    }),
  ];
  const apply = async (connections: unknown[]): Promise<void> => {
    const file = await put(scene.root, 'c.yaml', JSON.stringify({ connections }));
    expect((await scene.run(['apply', '-f', file, '--data-dir', scene.data])).code).toBe(0);
  };
  const named = (command: string, name = 'shop') =>
    scene.run([command, name, '--data-dir', scene.data]);
  await apply(of(TOKEN, ['users.messages.sms.*']));
  expect((await named('test')).stdout).toContain('9 test events sent');
  expect((await named('check')).stdout).toMatch(/✗ .*currents holds no .avro files/);
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 1)));
  const checked = await named('check');
  expect(checked.code).toBe(0);
  expect(checked.stdout).toMatch(/✓ .*currents holds 1 Avro files.*\n✓ Mixpanel accepts/);
  await apply(of('a-wrong-token', ['users.messages.sms.*']));
  const refused = await named('check');
  expect(refused.code).toBe(4);
  expect(refused.stdout).not.toContain('a-wrong-token');
  const unknown = await named('test', 'nobody');
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('There are: shop') });
});
