import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** So far ahead of the screen, pages are read before one gets there. */
const margin = '800px';

/** Calls `onSeen` while an element is on the screen or near it, and again whenever `again` changes. */
export function useSeen(element: RefObject<Element | null>, onSeen: () => void, again: unknown): void {
  useEffect(() => {
    if (!element.current || typeof IntersectionObserver === 'undefined') return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) onSeen();
      },
      { rootMargin: margin },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [again]);
}
