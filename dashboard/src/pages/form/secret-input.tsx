import { Button, PasswordInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { useForm, useText } from './form.ts';
import { HIDDEN, type Path } from './spec.ts';

interface SecretInputProps {
  readonly path: Path;
  readonly label: string;
  readonly description?: ReactNode;
  readonly placeholder?: string;
  readonly required?: boolean;
}

/** A secret can be set and replaced, and taken away where it is not required; never read. */
export function SecretInput({
  path,
  label,
  description,
  placeholder,
  required = false,
}: SecretInputProps): ReactNode {
  const { t } = useI18n();
  const { value, onChange, error, readOnly } = useText(path);
  const isStored = value === HIDDEN;
  const form = useForm();
  const [wasStored] = useState(isStored);
  const [isRemoved, setRemoved] = useState(false);
  const canRemove = wasStored && !required && !readOnly && (isStored || isRemoved);
  const input = (
    <PasswordInput
      label={label}
      description={
        isRemoved && value === ''
          ? t('secret.removed')
          : isStored
            ? t('secret.stored')
            : description
      }
      placeholder={isStored ? '••••••••' : (placeholder ?? '')}
      required={required}
      readOnly={readOnly}
      error={error}
      autoComplete="off"
      value={isStored ? '' : value}
      onChange={onChange}
      onBlur={({ currentTarget }) => {
        // Who empties the field and leaves it keeps what is stored.
        if (currentTarget.value === '' && wasStored && !isRemoved)
          onChange({ currentTarget: { value: HIDDEN } });
      }}
      visibilityToggleButtonProps={{ 'aria-label': t('secret.show') }}
    />
  );
  if (!canRemove) return input;
  return (
    <div>
      {input}
      <Button
        variant="subtle"
        size="compact-xs"
        mt={4}
        onClick={() => {
          setRemoved(!isRemoved);
          form.set(path, isRemoved ? HIDDEN : undefined);
        }}
      >
        {isRemoved ? t('secret.keep', { what: label }) : t('secret.remove', { what: label })}
      </Button>
    </div>
  );
}
