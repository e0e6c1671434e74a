import { resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../core/errors.ts';
import { cohortImportSpec } from './cohorts/spec.ts';
import { connectionSpec } from './connection.ts';
import { inWords, joined, type Wrong, wrongPlaces } from './issues.ts';
import { type ReferenceContext, resolveReferences } from './references.ts';
import { serviceSettings } from './service-settings.ts';

/** One file: the service, its connections and its cohort imports. */
const configSchema = z
  .strictObject({
    service: serviceSettings.prefault({}).describe('The service as a whole; read by sluice serve'),
    connections: z.array(connectionSpec).default([]).describe('The connections'),
    cohortImports: z
      .array(cohortImportSpec)
      .default([])
      .describe('Imports of Mixpanel cohorts into Braze'),
  })
  .superRefine(({ connections, cohortImports }, context) => {
    for (const [section, thing, specs] of [
      ['connections', 'connection', connections],
      ['cohortImports', 'cohort import', cohortImports],
    ] as const) {
      const names = specs.map(({ name }) => name);
      for (const [i, name] of names.entries())
        if (names.indexOf(name) < i)
          context.addIssue({
            code: 'custom',
            path: [section, i, 'name'],
            message: `another ${thing} is called ${name}`,
          });
    }
  });

export type Config = z.output<typeof configSchema>;

/**
 * Checks what a configuration file holds, with the environment and other files filled in. Paths of folders are
 * resolved against the file's own. Throws UsageError that names every wrong place.
 */
export function parseConfig(tree: unknown, context: ReferenceContext): Config {
  const { value, wrong, replaced } = resolveReferences(tree ?? {}, context);
  if (wrong.length > 0) throw wrongConfig(tree, wrong);
  const input = withNumbers(value, replaced);
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) throw wrongConfig(tree, wrongPlaces(parsed.error));
  const connections = parsed.data.connections.map((spec) =>
    spec.source.kind === 'directory'
      ? { ...spec, source: { ...spec.source, path: resolve(context.folder, spec.source.path) } }
      : spec,
  );
  const cohortImports = parsed.data.cohortImports.map((spec) =>
    spec.destination.kind === 'file'
      ? {
          ...spec,
          destination: {
            ...spec.destination,
            path: resolve(context.folder, spec.destination.path),
          },
        }
      : spec,
  );
  return { ...parsed.data, connections, cohortImports };
}

/** The file's JSON Schema, for editors. */
export function configJsonSchema(): z.core.JSONSchema.JSONSchema {
  return {
    ...z.toJSONSchema(configSchema, { io: 'input' }),
    title: 'Sluice',
    description:
      'The service, its connections and its cohort imports, as sluice apply and sluice serve read them',
  };
}

/** Everything from the environment is text; where a number or a switch is wanted, it is read as one. */
function withNumbers(value: unknown, replaced: ReadonlySet<string>): unknown {
  if (replaced.size === 0) return value;
  let result = value;
  for (const issue of configSchema.safeParse(value).error?.issues ?? []) {
    if (issue.code !== 'invalid_type' || !replaced.has(joined('', issue.path))) continue;
    if (issue.expected === 'number') result = changed(result, issue.path, toNumber);
    if (issue.expected === 'boolean') result = changed(result, issue.path, toBoolean);
  }
  return result;
}

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function toBoolean(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}

function changed(
  value: unknown,
  [key, ...rest]: readonly PropertyKey[],
  to: (value: unknown) => unknown,
): unknown {
  if (key === undefined) return to(value);
  if (Array.isArray(value))
    return value.map((each: unknown, i) => (i === key ? changed(each, rest, to) : each));
  const record = value as Readonly<Record<PropertyKey, unknown>>;
  return { ...record, [key]: changed(record[key], rest, to) };
}

/** Places of connections and cohort imports are told by name, where there is one. */
function wrongConfig(tree: unknown, wrong: readonly Wrong[]): UsageError {
  const nameOf = (section: string, index: number): unknown => {
    const all = (tree as Readonly<Record<string, unknown>> | null)?.[section];
    return Array.isArray(all) ? (all[index] as { name?: unknown } | null)?.name : undefined;
  };
  const named = wrong.map(({ place, message }) => {
    const [, section = '', index, rest] =
      /^(connections|cohortImports)\[(\d+)\]\.?(.*)$/.exec(place) ?? [];
    const name = index === undefined ? undefined : nameOf(section, Number(index));
    return typeof name === 'string'
      ? { place: rest === '' ? name : `${name}: ${rest}`, message }
      : { place, message };
  });
  return new UsageError('bad_config', `The file is wrong: ${inWords(named, 'file')}`, {
    hint: 'See docs/guides/connections.md, or the schema that `sluice schema` prints.',
  });
}
