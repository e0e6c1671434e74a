import { ActionIcon, Menu, Text } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo, type ReactNode, useState } from 'react';
import type { Connection } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { useLive } from '../../live.ts';
import { Tag } from '../../parts/basics.tsx';
import { LinkItem } from '../../parts/links.tsx';
import { placeOf } from '../../parts/place.ts';
import { Cell } from '../../parts/rows.tsx';
import { Sparkline } from '../../parts/sparkline.tsx';
import { lagWords, StateTag } from '../../parts/state.tsx';
import { useMay } from '../../shell/session.ts';
import { usePause } from '../current/use-pause.ts';
import styles from './current-row.module.css';

/** Drawn anew only when it has changed, not with each step of the scrolling. */
export const CurrentRow = memo(function CurrentRow({
  connection,
  index,
}: {
  readonly connection: Connection;
  readonly index: number;
}): ReactNode {
  const i18n = useI18n();
  const { t, format } = i18n;
  const live = useLive(connection.name)?.now;
  const state = live?.state ?? connection.state;
  const lag = live?.lagSeconds ?? connection.lagSeconds;
  return (
    <div className={`row link ${styles['row']}`} role="row" aria-rowindex={index + 2}>
      <div role="cell" className={styles['name']}>
        <Link to="/connections/$name" params={{ name: connection.name }} className={styles['link']}>
          {connection.name}
        </Link>
        <Text size="xs" c="dimmed" className="clip" title={connection.source.place}>
          {placeOf(connection)}
        </Text>
      </div>
      <div role="cell" className={styles['state']}>
        <StateTag state={state} />
        {state.detail !== undefined && (
          <Text size="xs" c="dimmed" mt={3} lineClamp={2}>
            {state.detail}
          </Text>
        )}
        {connection.problems > 0 && (
          <Text size="xs" className="tone-warn tone-text" mt={3}>
            {t('currents.unreadable', { n: connection.problems })}
          </Text>
        )}
      </div>
      <div role="cell" className={styles['spark']}>
        <Sparkline values={connection.last24h.byHour} />
        <span className="num">
          {format.compact(connection.last24h.delivered)}
          <span className={styles['unit']}> {t('events')}</span>
        </span>
      </div>
      <Cell end label={t('lag')}>
        <span className={(lag ?? 0) === 0 ? 'num dim' : 'num'}>{lagWords(lag, state, i18n)}</span>
      </Cell>
      <Cell end label={t('deadLetters')}>
        {connection.deadLetters > 0 ? (
          <Link
            to="/dead-letters"
            search={{ connection: connection.name }}
            className={styles['above']}
          >
            <Tag tone="bad">{format.number(connection.deadLetters)}</Tag>
          </Link>
        ) : (
          <span className="num dim">0</span>
        )}
      </Cell>
      <div role="cell" className={`${styles['menu']} ${styles['above']}`}>
        <RowMenu connection={connection} />
      </div>
    </div>
  );
});

/** The menu itself is made when it is asked for: there is one in every row. */
function RowMenu({ connection }: { readonly connection: Connection }): ReactNode {
  const { t } = useI18n();
  const [isAsked, setAsked] = useState(false);
  const dots = (
    <ActionIcon
      variant="subtle"
      color="gray"
      c="dimmed"
      aria-label={t('currents.more', { name: connection.name })}
      aria-haspopup="menu"
      onClick={() => setAsked(true)}
    >
      <IconDots size={18} />
    </ActionIcon>
  );
  return isAsked ? <OpenMenu connection={connection} dots={dots} /> : dots;
}

function OpenMenu({
  connection,
  dots,
}: {
  readonly connection: Connection;
  readonly dots: ReactNode;
}): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  const pause = usePause(connection.name);
  const params = { name: connection.name };
  return (
    <Menu position="bottom-end" withinPortal defaultOpened>
      <Menu.Target>{dots}</Menu.Target>
      <Menu.Dropdown>
        <LinkItem to="/connections/$name" params={params}>
          {t('open')}
        </LinkItem>
        <LinkItem to="/connections/$name" params={params} search={{ tab: 'settings' }}>
          {t('current.tab.settings')}
        </LinkItem>
        {mayEdit && (
          <Menu.Item onClick={() => pause.mutate(!connection.paused)}>
            {t(connection.paused ? 'resume' : 'pause')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
