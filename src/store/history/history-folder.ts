import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMissingFile } from '../../domain/errors.ts';

/** Where the history is, and how much of it is kept. */
export interface HistoryBounds {
  readonly folder: string;
  /** An observation is deleted before it is older than this, or soon after. */
  readonly maxAgeMs: number;
  /** Of all files together. */
  readonly maxBytes: number;
}

/** One of the files that the history consists of: observations that follow each other. */
export interface Segment {
  readonly path: string;
  /** The number of its first observation, or one that is not above it. */
  readonly first: number;
  /** When the first one was captured. */
  readonly startMs: number;
}

const fileName = /^(\d{12})-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

/** The path of a new segment; its name has what is known of it, such as 000000000065-20261130T102000Z.db. */
export function segmentPath(folder: string, first: number, startMs: number): string {
  const time = new Date(startMs).toISOString().replace(/\.\d+|[-:]/g, '');
  return join(folder, `${String(first).padStart(12, '0')}-${time}.db`);
}

/** The segments of a history, oldest first; none if the folder does not exist. */
export function segmentsIn(folder: string): Segment[] {
  const segments = namesIn(folder).flatMap((name) => {
    const [, first, ...time] = fileName.exec(name) ?? [];
    if (first === undefined) return [];
    const [year = 0, month = 1, ...rest] = time.map(Number);
    const [day = 1, hours = 0, minutes = 0, seconds = 0] = rest;
    const startMs = Date.UTC(year, month - 1, day, hours, minutes, seconds);
    return [{ path: join(folder, name), first: Number(first), startMs }];
  });
  return segments.sort((a, b) => a.first - b.first);
}

/** Segments that were moved aside because they were damaged. */
export function damagedIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('.db.damaged'))
    .map((name) => join(folder, name));
}

/** With the write-ahead log that belongs to it; 0 if the file does not exist. */
export function segmentBytes(path: string): number {
  const sizeOf = (each: string): number => statSync(each, { throwIfNoEntry: false })?.size ?? 0;
  return sizeOf(path) + sizeOf(`${path}-wal`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissingFile(error)) return [];
    throw error;
  }
}
