import { type ReactNode, useState } from 'react';
import type { CohortImportDetail } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { useMay } from '../../shell/session.ts';
import { Keys } from './keys.tsx';
import { MixpanelSteps } from './mixpanel-steps.tsx';

/** How Mixpanel gets in: the keys, and what to do with one in Mixpanel. */
export function Connect({ found }: { readonly found: CohortImportDetail }): ReactNode {
  const { t } = useI18n();
  const isAdmin = useMay('admin');
  // In the steps until the page is left: nobody can ask for it again.
  const [made, setMade] = useState<string>();
  return (
    <div className="stack">
      {isAdmin ? (
        <Keys name={found.name} receiveUrl={found.receiveUrl} onMade={setMade} />
      ) : (
        <Note>{t('keys.needsAdmin')}</Note>
      )}
      <MixpanelSteps found={found} made={made} />
    </div>
  );
}
