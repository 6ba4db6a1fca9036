import { usePage } from '../page-context.ts';
import { changedWords, type Piece } from './changed-words.ts';

interface ChangedSentenceProps {
  readonly text: string;
  /** What was said before; null: nothing. */
  readonly before: string | null;
  readonly searched: string;
}

/** A sentence with what was searched for and what has changed. */
export function ChangedSentence({ text, before, searched }: ChangedSentenceProps) {
  const { texts } = usePage();
  const { pieces, isOther } = changedWords(text, before, searched);
  return (
    <p class="sentence">
      {pieces.map((piece, index) => (
        <Marked key={index} piece={piece} />
      ))}
      {/* Where it does not fit beside the last word, it goes to a line of its own. */}
      {isOther && (
        <>
          {' '}
          <ins class="facts other">{texts.past.other}</ins>
        </>
      )}
    </p>
  );
}

function Marked({ piece: { text, mark } }: { readonly piece: Piece }) {
  const { texts } = usePage();
  if (mark === 'found') return <mark>{text}</mark>;
  if (mark === 'added') return <ins title={texts.past.added}>{text}</ins>;
  if (mark === 'removed') return <del title={texts.past.removed}>{text}</del>;
  return <>{text}</>;
}
