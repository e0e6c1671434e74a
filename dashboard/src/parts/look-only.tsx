import { type ReactNode, useEffect, useRef } from 'react';

/**
 * A drawing whose meaning stands in words beside it. Chromium stops at SVG groups that listen for focus, as those
 * that React draws into do, though nothing can be done there: the Tab key is to pass them.
 */
export function LookOnly({ children }: { readonly children: ReactNode }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const drawing = place.current;
    const pass = () => {
      for (const group of drawing.querySelectorAll('svg > g:not([tabindex])'))
        group.setAttribute('tabindex', '-1');
    };
    pass();
    const observer = new MutationObserver(pass);
    observer.observe(drawing, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={place} aria-hidden>
      {children}
    </div>
  );
}
