import { expect, test } from 'vitest';
import { createLog, createScrubber } from './log.ts';

function logged(level: 'warn' | 'info' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const scrubber = createScrubber();
  const log = createLog({
    level,
    scrub: (text) => scrubber.scrub(text),
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { lines, scrubber, log };
}

test('one object a line, with level, time, words and fields', () => {
  const { lines, log } = logged();
  log.info('delivered', { connection: 'c', read: 3 });
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      connection: 'c',
      read: 3,
      msg: 'delivered',
    },
  ]);
});

test('no secret gets through, wherever it stands and however it is written', () => {
  const { lines, scrubber, log } = logged();
  scrubber.set('c', ['p@ss/word "x"', 'p@ss/w']);
  const secret = 'p@ss/word "x"';
  log.warn(`said ${secret}`, { detail: `${encodeURIComponent(secret)} p@ss/w`, n: 1 });
  log.error('broken', {}, new Error(`got ${JSON.stringify({ secret })}`));
  const text = JSON.stringify(lines);
  expect(text).not.toMatch(/p@ss|p%40ss|word/);
  expect(lines[0]).toMatchObject({ msg: 'said ***', detail: '*** ***', n: 1 });
  expect(lines[1]!['stack']).toContain('Error: got {"secret":"***"}');
});

test('what is too short to be a secret does not tear words apart', () => {
  const { lines, scrubber, log } = logged();
  scrubber.set('c', ['b', 'ing', '']);
  log.info('connection begins', { connection: 'bucket' });
  expect(lines[0]).toMatchObject({ msg: 'connection begins', connection: 'bucket' });
});

test('secrets that are no longer in use are forgotten', () => {
  const { lines, scrubber, log } = logged();
  scrubber.set('c', ['old-secret']);
  scrubber.set('c', ['new-secret']);
  log.info('old-secret new-secret');
  expect(lines[0]!['msg']).toBe('old-secret ***');
});

test('a level keeps what is below it out', () => {
  const { lines, log } = logged('warn');
  log.info('quiet');
  log.warn('loud');
  expect(lines.map(({ msg }) => msg)).toEqual(['loud']);
});
