import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Json, Schema } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { isObject } from '../../parts/json-view.tsx';
import { useForm, useText, useValue } from './form.ts';
import { SecretInput } from './secret-input.tsx';
import { type Path, plain } from './spec.ts';

interface FieldProps {
  readonly path: Path;
  readonly name: string;
  readonly schema: Schema;
  readonly isNeeded: boolean;
}

/** The fields of an object, made from its JSON Schema. `kind` is chosen elsewhere. */
export function SchemaForm({
  schema,
  path,
  only,
}: {
  readonly schema: Schema;
  readonly path: Path;
  readonly only?: readonly string[];
}): ReactNode {
  const properties = Object.entries(schema.properties ?? {}).filter(
    ([name, each]) => name !== 'kind' && each.const === undefined && (only?.includes(name) ?? true),
  );
  return (
    <Stack gap="md">
      {properties.map(([name, each]) => (
        <Field
          key={name}
          name={name}
          path={[...path, name]}
          schema={each}
          isNeeded={(schema.required ?? []).includes(name) && each.default === undefined}
        />
      ))}
    </Stack>
  );
}

function Field(props: FieldProps): ReactNode {
  const { schema, path } = props;
  const { label, about } = useWords(props);
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants?.every(({ properties }) => properties?.['kind']?.const !== undefined))
    return <VariantField {...props} variants={variants} />;
  if (schema.secret === true)
    return <SecretInput path={path} label={label} description={about} required={props.isNeeded} />;
  if (schema.enum) return <ChoiceField {...props} values={schema.enum} />;
  if (schema.type === 'boolean') return <SwitchField {...props} />;
  if (schema.type === 'number' || schema.type === 'integer') return <NumberField {...props} />;
  if (schema.type === 'array') return <ListField {...props} />;
  if (schema.type === 'object' && schema.properties)
    return (
      <Fieldset legend={label}>
        <SchemaForm schema={schema} path={path} />
      </Fieldset>
    );
  if (schema.type === 'object') return <RecordField {...props} />;
  return <TextField {...props} />;
}

/** Label and explanation: ours where the dictionary has one, else what the declaration says. */
function useWords({ name, path, schema }: Pick<FieldProps, 'name' | 'path' | 'schema'>): {
  label: string;
  about: string | undefined;
} {
  const { known } = useI18n();
  const key = path.join('.');
  return {
    label: known(`field.${key}`, known(`field.${name}`, inWords(name))),
    about: known(`field.${key}.about`, schema.description ?? '') || undefined,
  };
}

/** `accessKeyId` → `Access key id`. */
export function inWords(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function TextField(props: FieldProps): ReactNode {
  const { label, about } = useWords(props);
  const text = useText(props.path);
  return (
    <TextInput
      {...text}
      label={label}
      description={about}
      required={props.isNeeded}
      placeholder={typeof props.schema.default === 'string' ? props.schema.default : ''}
      autoComplete="off"
    />
  );
}

function NumberField(props: FieldProps): ReactNode {
  const { label, about } = useWords(props);
  const { set, isReadOnly, fault } = useForm();
  const value = useValue(props.path);
  const { minimum, maximum } = props.schema;
  return (
    <NumberInput
      label={label}
      description={about}
      error={fault(props.path) ?? null}
      readOnly={isReadOnly}
      required={props.isNeeded}
      value={typeof value === 'number' ? value : ''}
      placeholder={plain(props.schema.default)}
      {...(minimum === undefined ? {} : { min: minimum })}
      {...(maximum === undefined ? {} : { max: maximum })}
      onChange={(next) => set(props.path, typeof next === 'number' ? next : undefined)}
    />
  );
}

function SwitchField(props: FieldProps): ReactNode {
  const { label, about } = useWords(props);
  const { set, isReadOnly } = useForm();
  const value = useValue(props.path) ?? props.schema.default;
  return (
    <Switch
      label={label}
      description={about}
      disabled={isReadOnly}
      checked={value === true}
      onChange={({ currentTarget }) => set(props.path, currentTarget.checked)}
    />
  );
}

function ChoiceField(props: FieldProps & { readonly values: readonly Json[] }): ReactNode {
  const { known } = useI18n();
  const { label, about } = useWords(props);
  const { set, isReadOnly, fault } = useForm();
  const value = useValue(props.path) ?? props.schema.default;
  return (
    <Select
      label={label}
      description={about}
      error={fault(props.path) ?? null}
      readOnly={isReadOnly}
      required={props.isNeeded}
      allowDeselect={false}
      data={props.values.map((each) => ({
        value: plain(each),
        label: known(`value.${props.name}.${plain(each)}`, plain(each)),
      }))}
      value={value === undefined ? null : plain(value)}
      onChange={(next) => set(props.path, next ?? undefined)}
    />
  );
}

function ListField(props: FieldProps): ReactNode {
  const { label, about } = useWords(props);
  const { set, isReadOnly, fault } = useForm();
  const value = useValue(props.path);
  return (
    <TagsInput
      label={label}
      description={about}
      error={fault(props.path) ?? null}
      readOnly={isReadOnly}
      value={Array.isArray(value) ? value.map(plain) : []}
      onChange={(next) => set(props.path, next.length === 0 ? undefined : next)}
    />
  );
}

function VariantField(props: FieldProps & { readonly variants: readonly Schema[] }): ReactNode {
  const { known } = useI18n();
  const { label, about } = useWords(props);
  const { set, isReadOnly, fault } = useForm();
  const value = useValue(props.path) ?? props.schema.default;
  const kindOf = (schema: Schema) => plain(schema.properties?.['kind']?.const);
  const kind = isObject(value) ? plain(value['kind']) : undefined;
  const chosen = props.variants.find((each) => kindOf(each) === kind);
  return (
    <Fieldset legend={label}>
      <Stack gap="md">
        <Select
          aria-label={label}
          description={about}
          error={fault(props.path) ?? null}
          readOnly={isReadOnly}
          required={props.isNeeded}
          allowDeselect={false}
          data={props.variants.map((each) => ({
            value: kindOf(each),
            label: known(
              `value.${props.name}.${kindOf(each)}`,
              inWords(kindOf(each).replaceAll('-', ' ')),
            ),
          }))}
          value={kind ?? null}
          onChange={(next) => set(props.path, next === null ? undefined : { kind: next })}
        />
        {chosen && <SchemaForm schema={chosen} path={props.path} />}
      </Stack>
    </Fieldset>
  );
}

/** Names and values that a person adds at will. */
function RecordField(props: FieldProps): ReactNode {
  const { t } = useI18n();
  const { label, about } = useWords(props);
  const { set, isReadOnly } = useForm();
  const value = useValue(props.path);
  const entries = Object.entries(isObject(value) ? value : {});
  const put = (next: readonly (readonly [string, Json])[]) =>
    set(props.path, next.length === 0 ? undefined : Object.fromEntries<Json>(next));
  return (
    <Fieldset legend={label}>
      {about !== undefined && (
        <Text size="xs" c="dimmed" mb="sm">
          {about}
        </Text>
      )}
      <Stack gap="xs">
        {entries.map(([name, each], i) => (
          <Group key={i} gap="xs" wrap="nowrap">
            <TextInput
              aria-label={t('record.name')}
              placeholder={t('record.name')}
              flex={1}
              readOnly={isReadOnly}
              value={name}
              onChange={({ currentTarget }) =>
                put(entries.map((old, n) => (n === i ? [currentTarget.value, each] : old)))
              }
            />
            <TextInput
              aria-label={t('record.value')}
              placeholder={t('record.value')}
              flex={1}
              readOnly={isReadOnly}
              value={plain(each)}
              onChange={({ currentTarget }) =>
                put(entries.map((old, n) => (n === i ? [name, currentTarget.value] : old)))
              }
            />
            {!isReadOnly && (
              <ActionIcon
                variant="subtle"
                color="gray"
                c="dimmed"
                aria-label={t('record.remove', { name })}
                onClick={() => put(entries.filter((_, n) => n !== i))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            )}
          </Group>
        ))}
        {!isReadOnly && (
          <Button
            variant="subtle"
            size="xs"
            leftSection={<IconPlus size={14} aria-hidden />}
            style={{ alignSelf: 'flex-start' }}
            disabled={entries.some(([name]) => name === '')}
            onClick={() => put([...entries, ['', '']])}
          >
            {t('record.add')}
          </Button>
        )}
      </Stack>
    </Fieldset>
  );
}
