import { z } from 'zod';
import { PII_FIELDS } from '../../src/catalogue/catalogue.ts';
import { mappingSettings } from '../../src/mapping/settings.ts';
import { code, GENERATED, linkTo, prose, table } from './markdown.ts';

type Schema = z.core.JSONSchema.JSONSchema;

interface Setting {
  /** With dots between the levels: `privacy.pii`. */
  readonly path: string;
  readonly schema: Schema;
}

/** docs/reference/settings.md: every mapping setting as the schema declares it. */
export function settingsPage(): string {
  const settings = allSettings();
  return [
    GENERATED,
    '# Mapping settings',
    'What may stand in the file given by `--settings` (YAML or JSON). Every setting may be left out; a name that is not listed here is refused. [The guide](../guides/settings.md) explains each with an example.',
    table(
      ['Setting', 'Values', 'Default'],
      settings.map(({ path, schema }) => [
        linkTo(path, code(path)),
        valuesOf(schema),
        defaultOf(schema),
      ]),
    ),
    ...settings.flatMap(({ path, schema }) => [
      `## ${path}`,
      `${prose(schema.description ?? '')}.`,
      `Values: ${valuesOf(schema)}. Default: ${defaultOf(schema)}.`,
    ]),
    '## Fields that hold personal data',
    `What \`privacy.pii\` treats, on every event that carries them. \`external_user_id\` and \`user_id\` are among them, but follow \`privacy.identity\`.`,
    PII_FIELDS.map((field) => `- ${code(field)}`).join('\n'),
    '',
  ].join('\n\n');
}

/** Every setting, in the order of the schema. */
export function allSettings(): Setting[] {
  return leavesOf(z.toJSONSchema(mappingSettings, { io: 'input' }), '');
}

function leavesOf(schema: Schema, path: string): Setting[] {
  const { properties } = schema;
  if (properties === undefined) return [{ path, schema }];
  return Object.entries(properties).flatMap(([name, each]) =>
    leavesOf(schemaOf(each, name), path === '' ? name : `${path}.${name}`),
  );
}

function schemaOf(schema: Schema | boolean, place: string): Schema {
  if (typeof schema === 'boolean') throw new Error(`${place} has no schema`);
  return schema;
}

function defaultOf({ default: value }: Schema): string {
  return value === undefined ? 'none' : code(JSON.stringify(value));
}

/** The values in words. Throws for what no setting has had yet, so that the page never says less than the schema. */
function valuesOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((each) => code(String(each))).join(', ');
  if (schema.anyOf)
    return schema.anyOf.map((each) => valuesOf(schemaOf(each, 'a choice'))).join(', or ');
  switch (schema.type) {
    case 'string':
      return schema.maxLength === undefined
        ? 'a text'
        : `a text of at most ${schema.maxLength} characters`;
    case 'number':
      return 'a number';
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return `a list; each entry ${valuesOf(schemaOf(schema.items as Schema, 'a list'))}`;
    case 'object':
      return `by name: ${valuesOf(schemaOf(schema.additionalProperties!, 'a map'))}`;
    default:
      throw new Error(`no words for ${JSON.stringify(schema)}`);
  }
}
