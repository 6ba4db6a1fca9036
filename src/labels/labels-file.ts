import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMissingFile } from '../domain/errors.ts';
import type { Label } from '../domain/label.ts';
import { readText } from '../system/read-text.ts';
import { syncToDisk } from '../system/sync-to-disk.ts';
import { labelLine, parseLabelLine } from './label-line.ts';

const fileName = 'labels.jsonl';
/** Longer than another process takes to append a line. */
const appendMs = 100;

/** The file with the labels of a folder's pictures: a JSON object a line, newest last. */
export function labelsPath(folder: string): string {
  return join(folder, fileName);
}

/**
 * All labels of a folder, in the order in which they were written; none if it has no file. A last line without its end, of
 * an append that was cut off, does not count.
 * @throws ConfigError naming the line, its field and what it must be
 */
export async function readLabels(folder: string): Promise<Label[]> {
  const path = labelsPath(folder);
  if (!(await exists(path))) return [];
  const lines = (await readText(path, path)).split('\n');
  if (!isWhole(lines.at(-1)!)) lines.pop();
  return lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [parseLabelLine(line, `${path}, line ${index + 1}`)],
  );
}

/** Differs after each change; null: there is no file. */
export async function labelsVersion(folder: string): Promise<string | null> {
  try {
    const { ino, mtimeMs, size } = await stat(labelsPath(folder));
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return null;
  }
}

/**
 * Appends labels with one write, and waits until they are on the disk: after a crash the file has all of a line or nothing
 * of it. Several processes may append. What root creates belongs to the owner of the folder.
 */
export async function appendLabels(folder: string, labels: readonly Label[]): Promise<void> {
  const path = labelsPath(folder);
  const isNew = !(await exists(path));
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  await using file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  if (isNew && process.getuid?.() === 0) {
    const { uid, gid } = await stat(folder);
    await file.chown(uid, gid);
  }
  const before = await endLastLine(file);
  const text = labels.map((label) => `${labelLine(label)}\n`).join('');
  await file.write(before + text);
  await file.sync();
  if (isNew) await syncToDisk(folder);
}

/** Removes what a cut append left at the end. @returns what is missing of the last line: its end, or nothing */
async function endLastLine(file: FileHandle): Promise<'' | '\n'> {
  for (let last: string | null = null; ; ) {
    const tail = await tailOf(file);
    if (tail === '') return '';
    if (isWhole(tail)) return '\n';
    if (tail === last) {
      const { size } = await file.stat();
      await file.truncate(size - Buffer.byteLength(tail, 'latin1'));
      return '';
    }
    // Another process may be writing it.
    last = tail;
    await sleep(appendMs);
  }
}

/** The bytes after the last line feed, as Latin-1. */
async function tailOf(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  let tail = '';
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - 65_536);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const text = buffer.toString('latin1');
    const lineEnd = text.lastIndexOf('\n');
    tail = text.slice(lineEnd + 1) + tail;
    if (lineEnd >= 0) break;
    end = start;
  }
  return tail;
}

/** Whether a last line without its line feed is all of it, as editors may leave it. */
function isWhole(line: string): boolean {
  if (line.trim() === '') return true;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissingFile(error)) return false;
    throw error;
  }
}
