import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { joined, type Wrong } from './issues.ts';

export interface ReferenceContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Against which `${file:…}` is resolved. */
  readonly folder: string;
}

export interface Resolved {
  readonly value: unknown;
  readonly wrong: readonly Wrong[];
  /** Places whose text came from outside, so that a number or a switch may have come as one. */
  readonly replaced: ReadonlySet<string>;
}

/** `$${` stands for `${`; `${NAME}`, `${NAME:-default}`, `${file:path}`; anything else in braces is a mistake. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;

/** Fills in what a file leaves to the environment or to files, in every text but the names. */
export function resolveReferences(value: unknown, context: ReferenceContext): Resolved {
  const wrong: Wrong[] = [];
  const replaced = new Set<string>();
  const walk = (each: unknown, place: string): unknown => {
    if (typeof each === 'string') {
      if (!each.includes('${')) return each;
      replaced.add(place);
      return each.replace(REFERENCE, (whole, body: string | undefined, end: string) => {
        if (body === undefined) return '${';
        const found = end === '' ? { problem: `${whole} is not closed` } : lookUp(body, context);
        if ('text' in found) return found.text;
        wrong.push({ place, message: found.problem });
        return '';
      });
    }
    if (Array.isArray(each)) return each.map((one: unknown, i) => walk(one, joined(place, [i])));
    if (typeof each === 'object' && each !== null)
      return Object.fromEntries(
        Object.entries(each).map(([key, one]) => [key, walk(one, joined(place, [key]))]),
      );
    return each;
  };
  return { value: walk(value, ''), wrong, replaced };
}

function lookUp(
  body: string,
  { env, folder }: ReferenceContext,
): { text: string } | { problem: string } {
  if (body.startsWith('file:')) {
    const path = resolve(folder, body.slice('file:'.length));
    try {
      // Editors and shells end a file by a line end, which is no part of a secret.
      return { text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
    } catch (error) {
      return { problem: `the file ${path} can't be read: ${(error as Error).message}` };
    }
  }
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(body) ?? [];
  if (name === undefined)
    return {
      problem: `\${${body}} is neither \${NAME}, \${NAME:-default} nor \${file:PATH}; a plain \${ is written $\${`,
    };
  // As in a shell, `:-` also stands in for an empty value.
  const text = env[name] || fallback;
  if (text !== undefined) return { text };
  return {
    problem:
      env[name] === undefined
        ? `the environment variable ${name} is not set`
        : `the environment variable ${name} is empty`,
  };
}
