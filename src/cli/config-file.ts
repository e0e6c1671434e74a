import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../core/errors.ts';
import type { Config } from '../connector.ts';

/** Reads and checks a configuration file (YAML or JSON); `-` is standard input. Throws UsageError. */
export async function readConfigFile(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  const { parseConfig } = await import('../connector.ts');
  const { parse } = await import('yaml');
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new UsageError('no_file', `${path} can't be read: ${(error as Error).message}`);
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
