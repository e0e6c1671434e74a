import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const CODECS = ['null', 'deflate'] as const;

/** Writes `events` Currents records, half of them in plain files and half in deflated ones. Throws when that fails. */
export function generateInput(folder: string, events: number, seed: number): void {
  for (const [index, codec] of CODECS.entries()) {
    const share = index === 0 ? Math.ceil(events / 2) : Math.floor(events / 2);
    const settings = ['--events', String(share), '--seed', String(seed + index), '--codec', codec];
    // One hour, so that a type fills its files up to the 15,000 events at which Braze closes one.
    settings.push('--hours', '1');
    const out = ['--out', join(folder, codec)];
    const main = join(ROOT, 'dist', 'cli', 'main.js');
    const { status, stderr } = spawnSync(
      process.execPath,
      [main, 'generate', ...settings, ...out],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`sluice generate ended with exit code ${status}:\n${stderr}`);
  }
}

/** Installs what the contenders need, once. */
export function installPeers(): void {
  const bench = import.meta.dirname;
  if (existsSync(join(bench, 'node_modules', 'mixpanel-import', 'package.json'))) return;
  process.stderr.write('Installing mixpanel-import into bench/node_modules\n');
  const quiet = [
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--ignore-scripts',
    '--omit=optional',
  ];
  const { status } = spawnSync('npm', ['ci', '--prefix', bench, ...quiet], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('npm could not install the packages of bench/package.json');
}
