import type { WindowCamera } from '../../../src/contract/window.ts';
import type { WindowHistoryEntry } from '../../../src/contract/window-history.ts';
import { usePage } from '../page-context.ts';
import { answerText, wordsOf } from '../words-of.ts';

interface PastAnswersProps {
  readonly answers: WindowHistoryEntry['answers'];
  /** Those of the observation before. */
  readonly before: WindowHistoryEntry['answers'];
  /** undefined: it is no longer configured. */
  readonly camera: WindowCamera | undefined;
}

/** Answers as chips; one that has changed says from what. */
export function PastAnswers({ answers, before, camera }: PastAnswersProps) {
  const { texts, format } = usePage();
  const given = Object.entries(answers);
  if (given.length === 0) return null;
  return (
    <ul class="chips" aria-label={texts.now.answers}>
      {given.map(([key, value]) => {
        const earlier = before[key];
        // Of the one before, what was uncertain is not known.
        const isChanged = value !== null && earlier != null && earlier !== value;
        return (
          <li key={key} class={isChanged ? 'changed' : undefined}>
            {camera?.questions[key]?.name ?? wordsOf(key)}{' '}
            {isChanged && <del title={texts.past.removed}>{answerText(earlier, texts, format)}</del>}{' '}
            <strong>{answerText(value, texts, format)}</strong>
          </li>
        );
      })}
    </ul>
  );
}
