import { describe, expect, test } from 'vitest';
import type { Slice, Source, Window } from '../../core/source.ts';
import { aFewAtATime, sampleOf } from './sample.ts';

const NOW = Date.UTC(2026, 6, 10, 12, 30);
const signal = new AbortController().signal;

/** `of`: slices of a window. Notes the windows that were asked for. */
function sourceOf(of: (window: Window) => Iterable<Slice>): Source & { windows: Window[] } {
  const windows: Window[] = [];
  return {
    ...{ name: 'made-up', windows, close: () => Promise.resolve() },
    async *list(_signal, window = {}) {
      windows.push(window);
      yield* of(window);
    },
    open: () => {
      throw new Error('nothing is opened');
    },
  };
}

const file = (n: number, hour: string, type = 't'): Slice => ({
  ...{ id: `${type}/${n}`, version: '1', format: 'avro', bytes: 10, eventType: type, hour },
});

describe('a sample', () => {
  test('is of the newest two days, without the hour under way', async () => {
    const source = sourceOf(() => [file(1, '2026-07-08-13'), file(2, '2026-07-10-11', 'u')]);
    const sample = await sampleOf(source, NOW, signal);
    expect(source.windows).toEqual([{ since: '2026-07-08-12', until: '2026-07-10-12' }]);
    expect(sample).toMatchObject({ from: '2026-07-08-12', until: '2026-07-10-12', hours: 48 });
    expect([...sample.files.keys()].toSorted()).toEqual(['t', 'u']);
  });

  test('of a source that rested takes the hours that there are', async () => {
    const source = sourceOf(({ since }) =>
      since === undefined ? [file(1, '2025-01-01-00'), file(2, '2025-01-01-23')] : [],
    );
    expect(await sampleOf(source, NOW, signal)).toMatchObject({ from: '2025-01-01-00', hours: 24 });
    expect(source.windows.at(-1)).toEqual({});
  });

  test('of a bucket without end is cut, and says so', async () => {
    let listed = 0;
    const source = sourceOf(function* () {
      for (;;) yield file(listed++, '2026-07-10-10');
    });
    const sample = await sampleOf(source, NOW, signal);
    expect(sample.cut).toBe(true);
    expect(listed).toBeLessThanOrEqual(20_001);
  });

  test('of nothing is empty, and ends when nobody waits for it', async () => {
    const none = await sampleOf(
      sourceOf(() => []),
      NOW,
      signal,
    );
    expect(none).toEqual({ files: new Map(), from: null, until: null, hours: 0, cut: false });
    const left = AbortSignal.abort(new Error('left'));
    const source: Source = {
      ...sourceOf(() => []),
      // oxlint-disable-next-line require-yield -- it ends before there is anything
      async *list(given) {
        given.throwIfAborted();
      },
    };
    await expect(sampleOf(source, NOW, left)).rejects.toThrow('left');
  });
});

test('a few at a time: all of them, never more at once, and none begun once it is over', async () => {
  let at = 0;
  let most = 0;
  const done: number[] = [];
  const work = async (n: number): Promise<void> => {
    most = Math.max(most, ++at);
    await Promise.resolve();
    at--;
    done.push(n);
  };
  await aFewAtATime([...Array(20).keys()], work, () => false, 3);
  expect(done.toSorted((a, b) => a - b)).toEqual([...Array(20).keys()]);
  expect(most).toBe(3);
  await aFewAtATime([1, 2, 3, 4], work, () => done.length >= 22, 1);
  expect(done).toHaveLength(22);
});
