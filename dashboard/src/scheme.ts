import { recall } from './remember.ts';

// Before anything is drawn, so that a dark page never flashes white. Mantine's own way is a script inside the page,
// which the content security policy forbids.
const kept = recall('mantine-color-scheme-value');
const isDark =
  kept === 'dark' || (kept !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light');
