/**
 * The value at index `nth` of the sorted values; reorders them. A fraction of a sort's work, since only the side that
 * contains the value is partitioned again.
 *
 * Hoare, "Algorithm 65: Find", Communications of the ACM 4(7), 1961, with the middle of the range as the pivot.
 */
export function nthSmallest(values: Float32Array, nth: number): number {
  let first = 0;
  let last = values.length - 1;
  while (first < last) {
    const pivot = values[(first + last) >> 1]!;
    let low = first;
    let high = last;
    while (low <= high) {
      while (values[low]! < pivot) low++;
      while (values[high]! > pivot) high--;
      if (low > high) break;
      const swapped = values[low]!;
      values[low++] = values[high]!;
      values[high--] = swapped;
    }
    if (nth <= high) last = high;
    else if (nth >= low) first = low;
    else break;
  }
  return values[nth]!;
}
