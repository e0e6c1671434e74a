import { Tabs } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';

interface TabListProps<Value extends string> {
  readonly tabs: readonly Value[];
  readonly shown: Value;
  labelOf(value: Value): string;
}

/** The tabs in one line; where there is no room for all, it scrolls, and the chosen one is in sight. */
export function TabList<Value extends string>({
  tabs,
  shown,
  labelOf,
}: TabListProps<Value>): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (!list.current || !tab) return;
    // Only the line is to move, never the page.
    list.current.scrollLeft = tab.offsetLeft - (list.current.clientWidth - tab.offsetWidth) / 2;
  }, [shown]);
  return (
    <Tabs.List ref={list} mb={16} className="tab-list">
      {tabs.map((each) => (
        <Tabs.Tab key={each} value={each}>
          {labelOf(each)}
        </Tabs.Tab>
      ))}
    </Tabs.List>
  );
}
