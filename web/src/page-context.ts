import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Format } from './format.ts';
import type { Live } from './live.ts';
import type { Texts } from './text/en.ts';

export interface Page {
  readonly texts: Texts;
  readonly format: Format;
  readonly live: Live;
  /** Says something to people who do not see the page. */
  readonly announce: (text: string) => void;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('there is no page around this');
  return page;
}

/** The clock of the browser, in milliseconds, read again each second. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** The clock of the board. */
export function useBoardNow(everyMs = 1000): number {
  const { live } = usePage();
  return useNow(everyMs) + live.state.aheadMs;
}
