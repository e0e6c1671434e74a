import { expect, test } from 'vitest';
import { scrubOf } from './scrub.ts';

const SECRET = 'p"ss/w\\rd&<1>';
const quoted = JSON.stringify({ key: SECRET });

test.each([
  ['as it is', SECRET],
  ['in a URL', `?key=${encodeURIComponent(SECRET)}`],
  ['in JSON', quoted],
  ['in JSON that JSON quotes', JSON.stringify({ request: quoted })],
  ['in HTML', 'p&quot;ss/w\\rd&amp;&lt;1&gt;'],
  ['in JSON that HTML quotes', '{&quot;key&quot;:&quot;p\\&quot;ss/w\\\\rd&amp;&lt;1&gt;&quot;}'],
])('a secret is found %s', (_name, text) => {
  const scrubbed = scrubOf([SECRET])(`before ${text} after ${text}`);
  expect(scrubbed).not.toContain('ss/w');
  expect(scrubbed).not.toContain('ss%2Fw');
  expect(scrubbed.split('***')).toHaveLength(3);
  expect(scrubbed).toMatch(/^before .* after /);
});

test('a secret that is a part of another leaves nothing of it', () => {
  for (const secrets of [
    ['abcd', 'abcdefgh'],
    ['abcdefgh', 'abcd'],
  ])
    expect(scrubOf(secrets)('x abcdefgh abcd')).toBe('x *** ***');
});
