import type { z } from 'zod';
import { InputError } from '../../core/errors.ts';
import { connectionSpec } from '../connection.ts';
import { joined } from '../issues.ts';
import { HIDDEN, redact } from '../redact.ts';

interface Wrong {
  readonly path: string;
  readonly message: string;
}

/** What holds secrets, and where they go. */
export interface SecretRules {
  readonly schema: z.core.$ZodType;
  /** Its parts that hold both secrets and an address. */
  readonly parts: readonly string[];
  /** Settings of a part that say to whom its secrets are sent. */
  readonly addresses: readonly string[];
  /** One spelling of an address. */
  readonly spelled?: (address: unknown) => unknown;
}

const CONNECTION: SecretRules = {
  schema: connectionSpec,
  parts: ['source', 'destination'],
  addresses: ['url', 'endpoint', 'account'],
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Fills in the secrets that a person was shown as `***` and left so. A secret never goes to another address than the
 * one it was given for, or whoever may edit could send it to himself.
 */
function fill(
  input: unknown,
  before: unknown,
  { schema, parts, addresses, spelled = (address) => address }: SecretRules,
): { filled: unknown; wrong: Wrong[] } {
  const wrong: Wrong[] = [];
  const kept: string[] = [];
  const walk = (value: unknown, old: unknown, shown: unknown, path: readonly string[]): unknown => {
    if (value === HIDDEN) {
      if (shown === HIDDEN) {
        kept.push(path[0] ?? '');
        return old;
      }
      wrong.push({ path: joined('', path), message: 'there is no stored secret to keep here' });
      return value;
    }
    if (!isObject(value)) return value;
    const hasOld = isObject(old) && isObject(shown) && value['kind'] === old['kind'];
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        walk(
          each,
          hasOld && Object.hasOwn(old, key) ? old[key] : undefined,
          hasOld && Object.hasOwn(shown, key) ? shown[key] : undefined,
          [...path, key],
        ),
      ]),
    );
  };
  const filled = walk(input, before, redact(schema, before), []);
  for (const part of parts)
    if (kept.includes(part))
      for (const key of addresses)
        if (spelled(at(input, part, key)) !== spelled(at(before, part, key)))
          wrong.push({
            path: `${part}.${key}`,
            message: 'with another address its secrets are to be given again',
          });
  return { filled, wrong };
}

/** Fills in the secrets that were left as `***`. Throws InputError where that can't be. */
export function keepSecrets(input: unknown, before: unknown, rules = CONNECTION): unknown {
  const { filled, wrong } = fill(input, before, rules);
  if (wrong.length === 0) return filled;
  throw new InputError(
    'bad_secret',
    `A secret can't be kept: ${wrong.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
    wrong,
    { hint: 'Give the secret itself.' },
  );
}

/** The same of a form that is not finished: what can't be kept is left out, to be given again. */
export function keepSomeSecrets(input: unknown, before: unknown): unknown {
  const { filled, wrong } = fill(input, before, CONNECTION);
  return wrong.length === 0 ? filled : withoutHidden(input);
}

function withoutHidden(value: unknown): unknown {
  if (!isObject(value)) return value;
  const rest = Object.entries(value).filter(([, each]) => each !== HIDDEN);
  return Object.fromEntries(rest.map(([key, each]) => [key, withoutHidden(each)]));
}

function at(value: unknown, part: string, key: string): unknown {
  const inner = isObject(value) ? value[part] : undefined;
  return isObject(inner) ? inner[key] : undefined;
}
