import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Role } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';

import { may } from '../../shell/session.ts';

const ROLES = ['viewer', 'editor', 'admin'] as const;

export function RoleSelect({
  value,
  most = 'admin',
  onChange,
}: {
  readonly value: Role;
  /** No role above this one is offered. */
  readonly most?: Role;

  onChange(role: Role): void;
}): ReactNode {
  const { t } = useI18n();
  return (
    <Select
      label={t('users.role')}
      description={t(`role.${value}.about`)}
      allowDeselect={false}
      data={ROLES.filter((role) => may(most, role)).map((role) => ({
        value: role,
        label: t(`role.${role}`),
      }))}
      value={value}
      onChange={(next) => onChange(ROLES.find((role) => role === next) ?? value)}
    />
  );
}
