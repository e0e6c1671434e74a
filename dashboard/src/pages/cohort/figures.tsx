import type { ReactNode } from 'react';
import type { CohortDetail } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Figure } from '../../parts/basics.tsx';
import { Pending } from '../cohorts/cohort-row.tsx';

/** How many there are, how many of them Braze has, and where the others are. */
export function Figures({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t, tn, format } = useI18n();
  const { members, inBraze, unmatched, refused, suppressed, pendingAdds, pendingRemoves } = cohort;
  const others = [
    refused > 0 && tn('figure.refused', refused),
    suppressed > 0 && tn('figure.suppressed', suppressed),
  ].filter(Boolean);
  return (
    <section className="figures" aria-label={t('figures.label')}>
      <Figure
        label={t('figure.members')}
        note={t('figure.receivedAt', { time: format.ago(cohort.receivedAt) })}
      >
        {format.number(members)}
      </Figure>
      <Figure
        label={t('cohorts.inBraze')}
        note={
          cohort.writtenAt === null
            ? t('figure.neverWritten')
            : t('figure.writtenAt', { time: format.ago(cohort.writtenAt) })
        }
      >
        {format.number(inBraze)}
      </Figure>
      <Figure label={t('cohorts.pending')} note={t('figure.pendingAbout')}>
        <Pending adds={pendingAdds} removes={pendingRemoves} isExact />
      </Figure>
      <Figure
        label={t('cohorts.unmatched')}
        tone={unmatched > 0 ? 'warn' : undefined}
        note={
          others.length > 0
            ? others.join(', ')
            : t('figure.unmatchedShare', {
                share: format.percent(members === 0 ? 0 : unmatched / members),
              })
        }
      >
        {format.number(unmatched)}
      </Figure>
    </section>
  );
}
