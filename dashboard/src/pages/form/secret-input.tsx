import { PasswordInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { useText } from './form.ts';
import { HIDDEN, type Path } from './spec.ts';

interface SecretInputProps {
  readonly path: Path;
  readonly label: string;
  readonly description?: ReactNode;
  readonly placeholder?: string;
  readonly required?: boolean;
}

/** A secret can be set and replaced, never read. */
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
  const [wasStored] = useState(isStored);
  return (
    <PasswordInput
      label={label}
      description={isStored ? t('secret.stored') : description}
      placeholder={isStored ? '••••••••' : (placeholder ?? '')}
      required={required}
      readOnly={readOnly}
      error={error}
      autoComplete="off"
      value={isStored ? '' : value}
      onChange={onChange}
      onBlur={({ currentTarget }) => {
        // Who empties the field and leaves it keeps what is stored.
        if (currentTarget.value === '' && wasStored) onChange({ currentTarget: { value: HIDDEN } });
      }}
      visibilityToggleButtonProps={{ 'aria-label': t('secret.show') }}
    />
  );
}
