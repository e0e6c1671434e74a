/** Writes docs/reference anew: `npm run reference`. Read the difference before committing it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { pages } from './reference/pages.ts';

for (const [path, text] of Object.entries(pages())) {
  const file = new URL(`../${path}`, import.meta.url);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, text);
}
