import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { adviceFor } from './advice.ts';

const SRC = resolve(import.meta.dirname, '..');
/** How the code names a cause: as a property, as the first word of a refusal, of damage, or of a fault of a block. */
const CAUSES =
  /\bcause: '([a-z_]+)'|\brefuse\(\s*'([a-z_]+)'|BlockError\(\s*'([a-z_]+)'|code: '(bad_[a-z_]+)' \| '(bad_[a-z_]+)'|SluiceError\(\s*'(not_[a-z_]+)'/g;

function causes(): string[] {
  const files = ['mapping', 'formats', 'sinks'].flatMap((room) =>
    readdirSync(join(SRC, room), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
      name.endsWith('.ts') && !name.endsWith('.test.ts') ? [join(SRC, room, name)] : [],
    ),
  );
  const found = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(CAUSES)].flatMap((match) =>
      match.slice(1).filter((each) => each !== undefined),
    ),
  );
  return [...new Set(found)].filter((each) => each !== 'bad_header');
}

test('there is something to do about every cause that the code knows', () => {
  const general = adviceFor('a cause of tomorrow');
  const all = causes();
  expect(all.length).toBeGreaterThan(15);
  expect(all.filter((cause) => adviceFor(cause) === general)).toEqual([]);
  expect(adviceFor('constructor')).toBe(general);
});
