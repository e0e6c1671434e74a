import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useI18n } from '../i18n/i18n.tsx';

/** The service refuses shorter ones. */
export const PASSWORD_LENGTH = 12;

interface PasswordFieldProps extends Pick<
  PasswordInputProps,
  'label' | 'description' | 'error' | 'withAsterisk'
> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Tells password managers whether to fill one in or to make one up. */
  readonly autoComplete: 'current-password' | 'new-password';
}

export function PasswordField({ onChange, ...props }: PasswordFieldProps): ReactNode {
  const { t } = useI18n();
  return (
    <PasswordInput
      required
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
      {...props}
    />
  );
}

interface NewPassword {
  readonly value: string;
  /** Long enough, and typed the same twice. */
  readonly isGood: boolean;
  clear(): void;
  readonly fields: ReactNode;
}

/** A password to be chosen: typed twice, with what is wrong with it. */
export function useNewPassword(label: string): NewPassword {
  const { t } = useI18n();
  const [value, setValue] = useState('');
  const [again, setAgain] = useState('');
  const isShort = value.length < PASSWORD_LENGTH;
  return {
    value,
    isGood: !isShort && again === value,
    clear() {
      setValue('');
      setAgain('');
    },
    fields: (
      <>
        <PasswordField
          label={label}
          description={t('password.rule', { n: PASSWORD_LENGTH })}
          autoComplete="new-password"
          withAsterisk={false}
          value={value}
          error={value !== '' && isShort ? t('password.short', { n: PASSWORD_LENGTH }) : null}
          onChange={setValue}
        />
        <PasswordField
          label={t('password.again')}
          autoComplete="new-password"
          withAsterisk={false}
          value={again}
          error={again !== '' && again !== value ? t('password.differs') : null}
          onChange={setAgain}
        />
      </>
    ),
  };
}
