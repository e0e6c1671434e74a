import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../connector.ts';
import { UsageError } from '../core/errors.ts';
import type { Shell } from './shell.ts';

/**
 * Reads a configuration file, YAML or JSON, with the environment filled in; `-` is standard input, and no file at all
 * means the defaults. Throws UsageError.
 */
export async function readConfig(path: string | undefined, env: Shell['env']): Promise<Config> {
  const { parseConfig } = await import('../connector.ts');
  if (path === undefined) return parseConfig({}, { env, folder: process.cwd() });
  const { parse } = await import('yaml');
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new UsageError('no_file', `Can't read ${path}: ${(error as Error).message}`, {
      hint: 'Check the path. An example is in docs/guides/connections.md.',
    });
  }
  let tree: unknown;
  try {
    tree = parse(text, { prettyErrors: false });
  } catch (error) {
    // Without the lines around it: there may be a secret among them.
    throw new UsageError(
      'bad_config',
      `${path} is neither YAML nor JSON: ${(error as Error).message}`,
    );
  }
  const folder = path === '-' ? process.cwd() : dirname(resolve(path));
  return parseConfig(tree, { env, folder });
}
