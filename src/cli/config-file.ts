import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../connector.ts';
import { UsageError } from '../core/errors.ts';
import type { Shell } from './shell.ts';

/** Reads a configuration file, YAML or JSON, with the environment filled in. Throws UsageError. */
export async function readConfig(path: string | undefined, env: Shell['env']): Promise<Config> {
  const { parseConfig } = await import('../connector.ts');
  if (path === undefined) return parseConfig({}, { env, folder: process.cwd() });
  const { parse } = await import('yaml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError('no_file', `Can't read ${path}: ${(error as Error).message}`, {
      hint: 'Check the path. An example is in docs/guides/connections.md.',
    });
  }
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    throw new UsageError(
      'bad_config',
      `${path} is neither YAML nor JSON: ${(error as Error).message}`,
    );
  }
  return parseConfig(tree, { env, folder: dirname(resolve(path)) });
}
