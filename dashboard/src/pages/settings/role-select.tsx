import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Role } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';

const ROLES = ['viewer', 'editor', 'admin'] as const;

export function RoleSelect({
  value,
  onChange,
}: {
  readonly value: Role;
  onChange(role: Role): void;
}): ReactNode {
  const { t } = useI18n();
  return (
    <Select
      label={t('users.role')}
      description={t(`role.${value}.about`)}
      allowDeselect={false}
      data={ROLES.map((role) => ({ value: role, label: t(`role.${role}`) }))}
      value={value}
      onChange={(next) => onChange(ROLES.find((role) => role === next) ?? value)}
    />
  );
}
