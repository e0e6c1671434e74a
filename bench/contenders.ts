import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScriptSettings } from './contenders/settings.ts';
import type { Client } from './measure.ts';

export interface Contender {
  readonly name: string;
  /** What stands in the table. */
  readonly title: string;
  /** A new run has nothing left of the last one. */
  readonly client: () => Client;
}

/** What all contenders are given. */
export interface Setting {
  /** Folder with the input. */
  readonly folder: string;
  readonly sinkPort: number;
  readonly certificate: string;
  readonly tempDir: string;
}

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..');
const TOKEN = 'bench-project-token';
const REDIRECT = new URL('redirect.mjs', import.meta.url).href;

/**
 * Compiles the scripts among the contenders, so that Node's type stripper is not on their account: Sluice itself runs
 * as JavaScript too. They lie where Node finds the packages of bench/package.json.
 */
function compiled(): string {
  const into = join(HERE, 'node_modules', '.cache', 'contenders');
  const folder = join(HERE, 'contenders');
  const settings =
    '--ignoreConfig --noCheck --module nodenext --target es2024 --rewriteRelativeImportExtensions';
  execFileSync('tsc', [
    ...settings.split(' '),
    '--outDir',
    into,
    ...readdirSync(folder).map((name) => join(folder, name)),
  ]);
  writeFileSync(join(into, 'package.json'), '{"type":"module"}');
  return into;
}

export function sluice(setting: Setting): Contender {
  return {
    name: 'sluice',
    title: 'Sluice',
    client: () => ({
      // As bin/sluice starts it.
      args: [
        '--max-semi-space-size=4',
        '--single-threaded-gc',
        join(ROOT, 'dist', 'cli', 'main.js'),
        'export',
        `--from=${setting.folder}`,
        `--project-token=${TOKEN}`,
        '--region=us',
        `--mixpanel-url=https://127.0.0.1:${setting.sinkPort}`,
        `--data-dir=${mkdtempSync(join(setting.tempDir, 'data-'))}`,
        '--json',
      ],
      env: { NODE_EXTRA_CA_CERTS: setting.certificate },
    }),
  };
}

export function allContenders(setting: Setting): Contender[] {
  const scripts = compiled();
  const script = (
    name: string,
    title: string,
    file: string,
    own: Pick<ScriptSettings, 'gzipLevel' | 'inFlight' | 'transport'>,
    nodeArgs: readonly string[] = [],
  ): Contender => {
    const settings: ScriptSettings = {
      folder: setting.folder,
      catalogue: join(ROOT, 'src', 'catalogue', 'events.json'),
      token: TOKEN,
      url: `https://127.0.0.1:${setting.sinkPort}`,
      ...own,
    };
    const client: Client = {
      args: [...nodeArgs, join(scripts, file), JSON.stringify(settings)],
      env: { NODE_EXTRA_CA_CERTS: setting.certificate, BENCH_SINK_PORT: String(setting.sinkPort) },
    };
    return { name, title, client: () => client };
  };
  const peer = (
    name: string,
    title: string,
    own: Pick<ScriptSettings, 'gzipLevel' | 'transport'>,
  ): Contender =>
    script(name, title, 'mixpanel-import.js', { inFlight: 10, ...own }, ['--import', REDIRECT]);
  const tuned = (name: string, title: string, gzipLevel: number): Contender =>
    script(name, title, 'tuned-script.js', { inFlight: 4, transport: 'undici', gzipLevel });

  return [
    sluice(setting),
    tuned('tuned', 'tuned avsc script, gzip 6', 6),
    tuned('tuned-gzip-1', 'tuned avsc script, gzip 1', 1),
    peer('peer', 'mixpanel-import, undici, gzip 6', { gzipLevel: 6, transport: 'undici' }),
    peer('peer-got', 'mixpanel-import, got, gzip 6', { gzipLevel: 6, transport: 'got' }),
    peer('peer-gzip-1', 'mixpanel-import, undici, gzip 1', { gzipLevel: 1, transport: 'undici' }),
  ];
}
