import type { WindowCamera, WindowHistory } from '../../src/contract/window.ts';
import { thumbnailAddress } from './api.ts';
import { markedWords } from './marked-words.ts';
import { usePage } from './page-context.ts';
import { answerText, wordsOf } from './words-of.ts';

interface PastRowProps {
  readonly entry: WindowHistory['entries'][number];
  /** undefined: it is no longer configured. */
  readonly camera: WindowCamera | undefined;
  /** The words that were searched for. */
  readonly searched: string;
}

/** A past description beside its picture, with what it says that the one before does not. */
export function PastRow({ entry, camera, searched }: PastRowProps) {
  const { texts, format } = usePage();
  const { number, captured_at, description, answers, picture, previous } = entry;
  const pieces = markedWords(description ?? '', searched, previous?.description ?? null);
  return (
    <li>
      {picture ? (
        <img class="thumbnail" src={thumbnailAddress(number)} alt={description ?? ''} loading="lazy" />
      ) : (
        <div class="thumbnail empty" aria-hidden="true" />
      )}
      <div>
        <p class="facts">
          <time dateTime={captured_at}>{format.moment(captured_at)}</time>
          {' · '}
          {camera?.name ?? entry.camera}
        </p>
        <p class="sentence">
          {pieces.map(({ text, mark }, index) => {
            if (mark === 'found') return <mark key={index}>{text}</mark>;
            if (mark === null) return text;
            return (
              <ins key={index} title={texts.past.changed}>
                {text}
              </ins>
            );
          })}
        </p>
        <ul class="chips">
          {Object.entries(answers).map(([key, value]) => (
            <li key={key}>
              {camera?.questions[key]?.name ?? wordsOf(key)} {answerText(value, texts, format)}
            </li>
          ))}
        </ul>
      </div>
    </li>
  );
}
