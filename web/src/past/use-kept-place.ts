import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * Keeps what is being read where it is on the screen when rows are added above it, which not all browsers do by themselves.
 * @param first names the first row, as in its `data-row`; null: there is none
 */
export function useKeptPlace(list: RefObject<HTMLElement | null>, first: string | null): void {
  const before = useRef<string | null>(null);
  const rowOf = (name: string | null): Element | null =>
    name === null ? null : (list.current?.querySelector(`[data-row="${name}"]`) ?? null);
  // This is called before the page is changed.
  const placeBefore =
    first === before.current ? null : (rowOf(before.current)?.getBoundingClientRect().top ?? null);
  const name = before.current;
  useLayoutEffect(() => {
    before.current = first;
    const place = placeBefore === null ? null : (rowOf(name)?.getBoundingClientRect().top ?? null);
    if (place !== null && placeBefore !== null) scrollBy(0, place - placeBefore);
  }, [first]);
}
