import { type RefObject, useEffect } from 'react';

/** What led here. An entry of a menu goes away with its menu, so it stands for the button that opened that. */
function openerOf(element: Element | null): HTMLElement | null {
  const menu = element?.closest('[role="menu"]');
  return menu
    ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '')
    : element instanceof HTMLElement
      ? element
      : null;
}

/**
 * When the dialog goes, the focus is again at what opened it, or else at the fallback; never nowhere. The dialog
 * itself is to return none: it would choose the entry of a menu that is about to go.
 */
export function useFocusBack(opened: boolean, fallback?: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    if (!opened) return;
    const opener = openerOf(document.activeElement);
    return () => {
      // It fades out with the focus still in it.
      const closing = document.activeElement?.closest('[role="dialog"]');
      setTimeout(() => {
        const at = document.activeElement;
        // A dialog that follows, or a new page, may have the focus by now.
        if (at !== document.body && closing?.contains(at) !== true) return;
        const back = opener !== document.body && opener?.isConnected ? opener : fallback?.current;
        back?.focus({ preventScroll: true });
      }, 50);
    };
  }, [opened, fallback]);
}
