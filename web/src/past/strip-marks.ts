/** When something was described. */
export interface Mark {
  readonly id: string;
  readonly camera: string;
  readonly atMs: number;
  /** In the history; null: it is not there yet. */
  readonly number: number | null;
}

/** What the history has and what has been seen since, oldest first, each once. */
export function mergedMarks(kept: readonly Mark[], seen: readonly Mark[]): Mark[] {
  const known = new Set(kept.map(({ id }) => id));
  const all = [...kept, ...seen.filter(({ id }) => !known.has(id))];
  return all.sort((a, b) => a.atMs - b.atMs || a.id.localeCompare(b.id));
}

/** Lines for the marks of one camera, as the path of an SVG: one for each pixel that has some. */
export function marksPath(
  marks: readonly Mark[],
  { startMs, pixelMs, top, height }: { startMs: number; pixelMs: number; top: number; height: number },
): string {
  const pixels = new Set(marks.map(({ atMs }) => Math.round((atMs - startMs) / pixelMs)));
  return [...pixels].map((x) => `M${x} ${top}v${height}`).join('');
}

/** The place of the mark that is nearest to a time; -1: there is none. By camera, unless that is null. */
export function nearestMark(marks: readonly Mark[], atMs: number, camera: string | null): number {
  let [found, distanceMs] = [-1, Number.POSITIVE_INFINITY];
  marks.forEach((mark, index) => {
    const awayMs = Math.abs(mark.atMs - atMs);
    if (awayMs > distanceMs || (camera !== null && mark.camera !== camera)) return;
    [found, distanceMs] = [index, awayMs];
  });
  return found;
}

/** The place that a key leads to from another; null: it does not lead anywhere. */
export function markByKey(marks: readonly Mark[], from: number, key: string): number | null {
  const last = marks.length - 1;
  const hourMs = 3_600_000;
  const away = (ms: number): number => {
    const found = nearestMark(marks, (marks[from]?.atMs ?? 0) + ms, null);
    // There may be nothing within an hour.
    return found === from ? from + Math.sign(ms) : found;
  };
  const keys: Readonly<Record<string, () => number>> = {
    ArrowLeft: () => (from < 0 ? last : from - 1),
    ArrowDown: () => (from < 0 ? last : from - 1),
    ArrowRight: () => from + 1,
    ArrowUp: () => from + 1,
    PageUp: () => away(hourMs),
    PageDown: () => away(-hourMs),
    Home: () => 0,
    End: () => last,
  };
  const to = keys[key]?.();
  return to === undefined || last < 0 ? null : Math.min(last, Math.max(0, to));
}
