import { SegmentedControl, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { CohortImportDetail } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Note } from '../../parts/basics.tsx';
import { CopyField } from '../../parts/copy.tsx';
import { Steps } from '../../parts/steps.tsx';
import { getIn } from '../form/spec.ts';
import { USUAL } from './import-spec.ts';
import { isReachable, urlWithKey } from './webhook.ts';

/** What to do in Mixpanel, each value ready to be pasted. `made`: a key that was just created. */
export function MixpanelSteps({
  found: { name, receiveUrl, spec },
  made,
}: {
  readonly found: CohortImportDetail;
  readonly made: string | undefined;
}): ReactNode {
  const { t } = useI18n();
  const [way, setWay] = useState<'url' | 'basic'>('url');
  const properties = propertiesOf(getIn(spec, ['identity', 'properties']));
  const askForKey = (
    <Text size="sm" c="dimmed">
      {t('mixpanel.keyOnce')}
    </Text>
  );
  return (
    <Card title={t('mixpanel.title')} about={t('mixpanel.about')}>
      <Stack gap="lg">
        {!isReachable(receiveUrl) && (
          <Note tone="warn">{t('mixpanel.unreachable', { host: new URL(receiveUrl).host })}</Note>
        )}
        <Steps
          steps={[
            {
              title: t('mixpanel.open'),
              body: (
                <Text size="sm" c="dimmed">
                  {t('mixpanel.openAbout')}
                </Text>
              ),
            },
            {
              title: t('mixpanel.address'),
              body: (
                <>
                  <SegmentedControl
                    size="xs"
                    aria-label={t('mixpanel.way')}
                    value={way}
                    onChange={(value) => setWay(value === 'basic' ? 'basic' : 'url')}
                    data={(['url', 'basic'] as const).map((value) => ({
                      value,
                      label: t(`mixpanel.way.${value}`),
                    }))}
                    style={{ justifySelf: 'start' }}
                  />
                  {way === 'url' ? (
                    made === undefined ? (
                      <>
                        <Text size="sm" className="mono">
                          {urlWithKey(receiveUrl, t('mixpanel.yourKey'))}
                        </Text>
                        {askForKey}
                      </>
                    ) : (
                      <CopyField label={t('keys.url')} value={urlWithKey(receiveUrl, made)} />
                    )
                  ) : (
                    <>
                      <CopyField label={t('keys.url')} value={receiveUrl} />
                      <CopyField label={t('mixpanel.user')} value={name} />
                      {made === undefined ? (
                        askForKey
                      ) : (
                        <CopyField label={t('mixpanel.password')} value={made} />
                      )}
                    </>
                  )}
                </>
              ),
            },
            {
              title: t('mixpanel.properties'),
              body: (
                <>
                  <Text size="sm" c="dimmed">
                    {t('mixpanel.propertiesAbout')}
                  </Text>
                  {properties.map((each) => (
                    <CopyField key={each} label={t('mixpanel.property')} value={each} />
                  ))}
                </>
              ),
            },
            {
              title: t('mixpanel.sync'),
              body: (
                <Text size="sm" c="dimmed">
                  {t('mixpanel.syncAbout')}
                </Text>
              ),
            },
            {
              title: t('mixpanel.see'),
              body: (
                <Text size="sm" c="dimmed">
                  {t('mixpanel.seeAbout')}
                </Text>
              ),
            },
          ]}
        />
      </Stack>
    </Card>
  );
}

/** Those that a person has to add: Mixpanel always sends the others. */
function propertiesOf(value: unknown): string[] {
  const all = Array.isArray(value) ? value.map(String) : [...USUAL.properties];
  return all.filter((each) => !ALWAYS.has(each));
}

const ALWAYS = new Set(['mixpanel_distinct_id', 'email', 'first_name', 'last_name']);
