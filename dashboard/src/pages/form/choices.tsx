import { Group, Radio, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface Choice {
  readonly value: string;
  readonly title: string;
  readonly about?: string;
}

interface ChoicesProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly columns?: number;
  readonly isReadOnly: boolean;
  readonly error?: string | undefined;
  readonly description?: string;
  onChange(value: string): void;
}

/** One of a few, each with a word on what it means. */
export function Choices(props: ChoicesProps): ReactNode {
  return (
    <Radio.Group
      label={props.label}
      description={props.description}
      value={props.value}
      error={props.error}
      onChange={(value) => props.isReadOnly || props.onChange(value)}
    >
      <SimpleGrid
        cols={{ base: 1, xs: props.columns ?? 3 }}
        spacing="sm"
        mt={8}
        mb={props.error ? 6 : 0}
      >
        {props.choices.map(({ value, title, about }) => (
          <Radio.Card
            key={value}
            value={value}
            className="choice"
            disabled={props.isReadOnly}
            aria-label={title}
          >
            <Group wrap="nowrap" align="flex-start" gap={10}>
              <Radio.Indicator size="xs" mt={3} />
              <div>
                <Text size="sm" fw={600}>
                  {title}
                </Text>
                {about !== undefined && (
                  <Text size="xs" c="dimmed" mt={2}>
                    {about}
                  </Text>
                )}
              </div>
            </Group>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}
