import { rmSync, statSync } from 'node:fs';
import { isPlausible } from '../../domain/clock.ts';
import { damagedIn, type HistoryBounds, type Segment, segmentBytes, segmentsIn } from './history-folder.ts';

/** A history that is as full as it may become consists of at least this many segments, and loses one of them at a time. */
const shares = 16;
/** The file system takes longer to delete a larger one. */
const maxSegmentBytes = 64 << 20;

/** When a segment is full. */
export function segmentLimits({ maxBytes, maxAgeMs }: HistoryBounds): { bytes: number; ageMs: number } {
  return { bytes: Math.min(maxSegmentBytes, maxBytes / shares), ageMs: maxAgeMs / shares };
}

/**
 * The file that the history has to lose next: the oldest segment, if it is too old or the history too large.
 * @param openPath the segment that grows; null: none
 */
export function fileToRemove(bounds: HistoryBounds, openPath: string | null, nowMs: number): string | null {
  const { folder, maxBytes, maxAgeMs } = bounds;
  // A clock that has not been set makes everything look young; it removes nothing.
  const oldestMs = isPlausible(new Date(nowMs)) ? nowMs - maxAgeMs : Number.NEGATIVE_INFINITY;
  const damaged = damagedIn(folder).find((path) => writtenMs(path) < oldestMs);
  if (damaged !== undefined) return damaged;
  const segments = segmentsIn(folder);
  const [oldest] = segments;
  if (!oldest) return null;
  if (startedMs(oldest) < oldestMs) return oldest.path;
  if (oldest.path === openPath) return null;
  const sealed = segments.filter(({ path }) => path !== openPath);
  const bytes = sealed.reduce((sum, { path }) => sum + segmentBytes(path), 0);
  // Room for the segment that grows, which may end a block later, and for its write-ahead log.
  return bytes + 2 * segmentLimits(bounds).bytes > maxBytes ? oldest.path : null;
}

/** Deletes a segment; its readers can go on until they close it. */
export function removeSegment(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

/** A segment that began before the clock was set has no right time in its name. */
function startedMs({ path, startMs }: Segment): number {
  return isPlausible(new Date(startMs)) ? startMs : writtenMs(path);
}

function writtenMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
