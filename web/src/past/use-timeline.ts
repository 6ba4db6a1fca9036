import { useEffect, useState } from 'preact/hooks';
import type { WindowTimeline } from '../../../src/contract/window-history.ts';
import { get } from '../api.ts';
import { faultText } from '../fault-text.ts';
import { usePage } from '../page-context.ts';

export interface ReadTimeline {
  /** null: nothing was read yet. */
  readonly timeline: WindowTimeline | null;
  readonly isReading: boolean;
  readonly fault: string | null;
  retry(): void;
}

/** How a question was answered over a time. */
export function useTimeline(
  camera: string,
  question: string,
  sinceMs: number,
  untilMs: number,
): ReadTimeline {
  const { texts } = usePage();
  const [attempt, setAttempt] = useState(0);
  const [read, setRead] = useState<Omit<ReadTimeline, 'retry'>>(atFirst);
  useEffect(() => {
    let isOver = false;
    const [since, until] = [new Date(sinceMs).toISOString(), new Date(untilMs).toISOString()];
    setRead((before) => ({ ...before, isReading: true, fault: null }));
    get<WindowTimeline>(`timeline?${new URLSearchParams({ camera, question, since, until })}`).then(
      (timeline) => {
        if (!isOver) setRead({ timeline, isReading: false, fault: null });
      },
      (error: unknown) => {
        if (!isOver) setRead((before) => ({ ...before, isReading: false, fault: faultText(error, texts) }));
      },
    );
    return () => {
      isOver = true;
    };
  }, [camera, question, sinceMs, untilMs, attempt]);
  return { ...read, retry: () => setAttempt(attempt + 1) };
}

const atFirst = { timeline: null, isReading: true, fault: null };
