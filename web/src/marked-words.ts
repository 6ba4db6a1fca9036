export interface Piece {
  readonly text: string;
  /** found: it was searched for. added: the text before did not have it. */
  readonly mark: 'found' | 'added' | null;
}

const wordPattern = /[\p{L}\p{N}]+/gu;

/** A text in pieces, with the words marked that were searched for, and those that the text before does not have. */
export function markedWords(text: string, searched: string, before: string | null): Piece[] {
  const wanted = wordsIn(searched);
  const known = before === null ? null : new Set(wordsIn(before));
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(wordPattern)) {
    const word = match[0].toLowerCase();
    const isFound = wanted.some((each) => word.startsWith(each));
    const isAdded = known !== null && !known.has(word);
    const mark = isFound ? 'found' : isAdded ? 'added' : null;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), mark: null });
    pieces.push({ text: match[0], mark });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), mark: null });
  return pieces;
}

function wordsIn(text: string): string[] {
  return [...text.matchAll(wordPattern)].map(([word]) => word.toLowerCase());
}
