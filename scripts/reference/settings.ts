import { z } from 'zod';
import { PII_FIELDS } from '../../src/catalogue/catalogue.ts';
import { mappingSettings } from '../../src/mapping/settings.ts';
import { code, GENERATED, linkTo, prose, table } from './markdown.ts';
import { defaultOf, type Schema, schemaOf, valuesOf } from './values.ts';

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
