/** The word that a misspelt one most likely stands for; null if none is similar enough. */
export function closestWord(misspelt: string, words: readonly string[]): string | null {
  // `warning` for `warn`
  const longer = words.find(
    (word) => word.length > 2 && misspelt.toLowerCase().startsWith(word.toLowerCase()),
  );
  if (longer !== undefined) return longer;
  const distances = words.map((word) => distanceOf(misspelt.toLowerCase(), word.toLowerCase()));
  const least = Math.min(...distances);
  const limit = Math.max(1, Math.floor(misspelt.length / 3));
  return least <= limit ? words[distances.indexOf(least)]! : null;
}

/** The number of characters to insert, remove, replace or swap with the next one (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      const isSwap = column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + cost,
        isSwap ? beforeLast[column - 2]! + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
