import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useI18n } from '../i18n/i18n.tsx';
import { Failure, PageHead } from '../parts/basics.tsx';
import { LinkButton } from '../parts/links.tsx';

export function NotFound(): ReactNode {
  const { t } = useI18n();
  return (
    <>
      <PageHead title={t('notFound.title')} about={t('notFound.text')} />
      <LinkButton to="/" variant="default">
        {t('notFound.back')}
      </LinkButton>
    </>
  );
}

/** A fault of ours while drawing a page: the rest of the house stays usable. */
export function RouteFault({ error, reset }: ErrorComponentProps): ReactNode {
  const { t } = useI18n();
  return (
    <>
      <PageHead title={t('failure.page')} />
      <Failure error={error} onRetry={reset} />
    </>
  );
}
