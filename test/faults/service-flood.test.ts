import { expect, test } from 'vitest';
import { isBalanced } from '../../src/core/counts.ts';
import { customHttpBatch } from '../../src/sandbox/braze/custom-http.ts';
import { records } from '../../src/sandbox/braze/records.ts';
import { openScene } from '../support/scene.ts';
import { booksOf, connection, eventually, push, PUSHED, startService } from '../support/service.ts';

const PUSHES = 400;
const EVENTS = 100;
const AT_ONCE = 64;

test('pushes as fast as they come, many at once: each is answered 200, and all of it is delivered', async () => {
  await using scene = await openScene();
  const service = await startService(scene, [connection(scene, 'push', PUSHED)]);
  const all = [...records({ events: PUSHES * EVENTS, seed: 'flood' })];
  const bodies = Array.from({ length: PUSHES }, (_, i) =>
    JSON.stringify(customHttpBatch(all.slice(i * EVENTS, (i + 1) * EVENTS))),
  );
  const answers: number[] = [];
  const send = async (): Promise<void> => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
      answers.push(await push(service.url, 'push', body));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));
  expect(answers).toEqual(Array.from({ length: PUSHES }, () => 200));
  const books = await eventually(
    () => booksOf(scene, 'push'),
    ({ read }) => read >= PUSHES * EVENTS,
  );
  expect(books).toMatchObject({ read: PUSHES * EVENTS, deadLetters: 0, imbalances: 0 });
  expect(isBalanced(books.counts)).toBe(true);
  await service.stop();
  expect(scene.sandbox.stats()).toMatchObject({ distinct: books.delivered, duplicates: 0 });
});
