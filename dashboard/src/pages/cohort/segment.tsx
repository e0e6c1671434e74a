import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { BrazeFilter, CohortDetail } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Note } from '../../parts/basics.tsx';
import { CopyField } from '../../parts/copy.tsx';
import { Steps } from '../../parts/steps.tsx';
import { FilterPicture } from './filter-picture.tsx';

/** How to make a segment of it in Braze, in words and in a picture. */
export function Segment({
  cohort: { filter, name },
}: {
  readonly cohort: CohortDetail;
}): ReactNode {
  const { t } = useI18n();
  return (
    <Card title={t('segment.title')} about={t('segment.about')}>
      {filter === null ? (
        <Note tone="warn">{t('segment.invalid')}</Note>
      ) : filter.kind === 'file' ? (
        <Note>{filter.words}</Note>
      ) : (
        <Filter filter={filter} name={name} />
      )}
    </Card>
  );
}

function Filter({
  filter: { kind, attribute, comparison, value },
  name,
}: {
  readonly filter: BrazeFilter;
  readonly name: string;
}): ReactNode {
  const { t } = useI18n();
  const isAttribute = attribute !== null;
  const shown = String(value);
  const parts = [
    { label: t('segment.filter'), text: t(isAttribute ? 'segment.attributes' : 'segment.partner') },
    ...(isAttribute ? [{ label: t('segment.attribute'), text: attribute }] : []),
    { label: t('segment.comparison'), text: comparison ?? '' },
    { label: t('segment.value'), text: shown },
  ];
  return (
    <Stack gap="lg">
      <FilterPicture
        title={name}
        parts={parts}
        label={t('segment.picture', { filter: parts.map(({ text }) => text).join(' → ') })}
      />
      <Steps
        steps={[
          {
            title: t('segment.step.create'),
            body: (
              <>
                <Text size="sm" c="dimmed">
                  {t('segment.step.createAbout')}
                </Text>
                <CopyField label={t('segment.name')} value={name} />
              </>
            ),
          },
          {
            title: t('segment.step.filter'),
            body: (
              <>
                <Text size="sm" c="dimmed">
                  {t(isAttribute ? 'segment.step.attribute' : 'segment.step.partner')}
                </Text>
                {isAttribute && <CopyField label={t('segment.attribute')} value={attribute} />}
              </>
            ),
          },
          {
            title: t('segment.step.value', { comparison: comparison ?? '', value: shown }),
            body: kind !== 'boolean' && <CopyField label={t('segment.value')} value={shown} />,
          },
          { title: t('segment.step.save'), body: <Text size="sm">{t('segment.follows')}</Text> },
        ]}
      />
      <Note>{t(`segment.note.${kind === 'cohort' ? 'cohort' : 'attribute'}`)}</Note>
    </Stack>
  );
}
