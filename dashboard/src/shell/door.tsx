import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTitle } from '../parts/use-title.ts';
import { Logo } from './logo.tsx';
import { LanguageChoice, SchemeChoice } from './choices.tsx';

/** The page of whoever is not signed in. */
export function Door({
  title,
  about,
  version,
  children,
}: {
  readonly title: string;
  readonly about?: ReactNode;
  readonly version: string;
  readonly children: ReactNode;
}): ReactNode {
  useTitle(title);
  return (
    <Stack component="main" mih="100dvh" justify="center" align="center" p="md" gap="lg">
      <Group gap={10}>
        <Logo size={32} />
        <Text fw={650} size="xl">
          Sluice
        </Text>
      </Group>
      <div className="card" style={{ width: '100%', maxWidth: 420, padding: 28 }}>
        <Title order={1} size="h2" fz="1.25rem">
          {title}
        </Title>
        {about !== undefined && (
          <Text c="dimmed" size="sm" mt={4}>
            {about}
          </Text>
        )}
        <div style={{ marginTop: 20 }}>{children}</div>
      </div>
      <Group gap="xs">
        <LanguageChoice />
        <SchemeChoice />
        <Text size="xs" c="dimmed">
          {version}
        </Text>
      </Group>
    </Stack>
  );
}
