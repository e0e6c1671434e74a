import { z } from 'zod';
import { cohortImportSpec } from '../../src/connector/cohorts/spec.ts';
import { code, GENERATED, prose, table } from './markdown.ts';
import { defaultOf, type Schema, schemaOf, valuesOf } from './values.ts';

interface Row {
  readonly path: string;
  readonly schema: Schema;
  readonly isNeeded: boolean;
  /** Which of several kinds it belongs to; undefined: to all. */
  readonly kind?: string;
}

/** docs/reference/cohort-imports.md: everything that may stand under `cohortImports`. */
export function cohortImportsPage(): string {
  const whole = z.toJSONSchema(cohortImportSpec, { io: 'input' });
  const { destination, ...others } = whole.properties!;
  return [
    GENERATED,
    '# Cohort imports',
    'What may stand in an entry of `cohortImports` in the file of the connections. A name that is not listed here is refused. [The guide](../guides/cohorts.md) says what it is for.',
    tableOf(rowsOf({ ...whole, properties: others }, '')),
    ...kindsOf(schemaOf(destination!, 'destination')).flatMap(({ kind, about, branch }) => [
      `## destination: ${kind}`,
      `${prose(about)}. With ${code(`kind: ${kind}`)}:`,
      tableOf(rowsOf(branch, 'destination')),
    ]),
    '',
  ].join('\n\n');
}

function tableOf(rows: readonly Row[]): string {
  return table(
    ['Setting', 'Meaning', 'Values', 'Default'],
    rows.map(({ path, schema, isNeeded, kind }) => [
      code(path) + (kind === undefined ? '' : ` of ${kind}`),
      prose(schema.description ?? '') + (schema['secret'] === true ? '; a secret' : ''),
      valuesOf(schema),
      isNeeded ? 'needed' : defaultOf(schema),
    ]),
  );
}

/** Every setting of an object, in the order of the schema; `kind` itself is told by whoever shows them. */
function rowsOf(object: Schema, path: string): Row[] {
  const needed = new Set(object.required);
  return Object.entries(object.properties!)
    .filter(([name]) => name !== 'kind')
    .flatMap(([name, each]): Row[] => {
      const place = path === '' ? name : `${path}.${name}`;
      const schema = schemaOf(each, place);
      if (schema.properties) return rowsOf(schema, place);
      if (!schema.oneOf) return [{ path: place, schema, isNeeded: needed.has(name) }];
      const kinds = kindsOf(schema);
      const { kind } = schema.default as { kind: string };
      return [
        {
          path: `${place}.kind`,
          schema: {
            enum: kinds.map((one) => one.kind),
            default: kind,
            description: kinds.map((one) => `${one.kind}: ${one.about}`).join('; '),
          },
          isNeeded: false,
        },
        ...kinds.flatMap((one) =>
          rowsOf(one.branch, place).map((row) => ({ ...row, kind: one.kind })),
        ),
      ];
    });
}

function kindsOf(choice: Schema): { kind: string; about: string; branch: Schema }[] {
  return choice.oneOf!.map((each) => {
    const branch = schemaOf(each, 'a kind');
    const { const: kind, description = '' } = schemaOf(branch.properties!['kind']!, 'kind');
    return { kind: String(kind), about: description, branch };
  });
}
