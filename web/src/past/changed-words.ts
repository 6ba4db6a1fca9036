export interface Piece {
  readonly text: string;
  /** found: it was searched for. added: the text before did not have it. removed: only the text before had it. */
  readonly mark: 'found' | 'added' | 'removed' | null;
}

export interface ChangedWords {
  readonly pieces: readonly Piece[];
  /** The two texts have so little in common that marking each word would say nothing; no change is marked. */
  readonly isOther: boolean;
}

interface Word {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const wordPattern = /[\p{L}\p{N}\p{M}]+/gu;
/** Of the words of the longer text. */
const minCommon = 0.4;

/**
 * A text in pieces, with the words marked that were searched for, and what has changed since the text before: the words outside
 * the longest common subsequence of the two.
 * @param before null: there is none
 */
export function changedWords(text: string, before: string | null, searched: string): ChangedWords {
  const words = wordsIn(text);
  const earlier = wordsIn(before ?? '');
  const wanted = wordsIn(searched).map(({ key }) => key);
  const isFound = ({ key }: Word): boolean => wanted.some((each) => key.startsWith(each));
  const common = commonWords(earlier, words);
  const isOther = before !== null && common.length < minCommon * Math.max(words.length, earlier.length);
  const compares = before !== null && !isOther;
  const pieces: Piece[] = [];
  let [end, earlierAt] = [0, 0];
  const remove = (to: number): boolean => {
    if (!compares || to <= earlierAt) return false;
    const gone = before.slice(earlier[earlierAt]!.start, earlier[to - 1]!.end);
    if (pieces.length > 0 && !/\s$/.test(pieces.at(-1)!.text)) pieces.push({ text: ' ', mark: null });
    pieces.push({ text: gone, mark: 'removed' });
    return true;
  };
  let shared = 0;
  words.forEach((word, index) => {
    const match = common[shared];
    const isKept = match?.[1] === index;
    const gap = text.slice(end, word.start);
    if (gap !== '') pieces.push({ text: gap, mark: null });
    // What came before in the other text has gone by here; with what replaces it, it stands at the first new word.
    if (remove(match?.[0] ?? earlier.length)) pieces.push({ text: ' ', mark: null });
    earlierAt = Math.max(earlierAt, match?.[0] ?? earlier.length);
    if (isKept) {
      shared++;
      earlierAt = match![0] + 1;
    }
    const mark = isFound(word) ? 'found' : compares && !isKept ? 'added' : null;
    pieces.push({ text: text.slice(word.start, word.end), mark });
    end = word.end;
  });
  remove(earlier.length);
  if (end < text.length) pieces.push({ text: text.slice(end), mark: null });
  return { pieces: joined(pieces), isOther };
}

function wordsIn(text: string): Word[] {
  return [...text.matchAll(wordPattern)].map(({ 0: word, index }) => ({
    key: word.toLowerCase(),
    start: index,
    end: index + word.length,
  }));
}

/** The longest common subsequence, as pairs of places. */
function commonWords(before: readonly Word[], after: readonly Word[]): [number, number][] {
  // lengths[i][j]: of what the rests from i and j have in common.
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      lengths[i]![j] =
        before[i]!.key === after[j]!.key
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  const pairs: [number, number][] = [];
  for (let [i, j] = [0, 0]; i < before.length && j < after.length; ) {
    if (before[i]!.key === after[j]!.key) pairs.push([i++, j++]);
    else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else j++;
  }
  return pairs;
}

/** Words with the same mark, and the spaces between them, as one piece. */
function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const [before, last] = [result.at(-2), result.at(-1)];
    if (piece.mark === null && last?.mark === null)
      result[result.length - 1] = { text: last.text + piece.text, mark: null };
    else if (piece.mark !== null && piece.mark === before?.mark && last?.text === ' ')
      result.splice(-2, 2, { text: `${before.text} ${piece.text}`, mark: piece.mark });
    else result.push(piece);
  }
  return result;
}
