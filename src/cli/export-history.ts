import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScenecastError } from '../domain/errors.ts';
import type { HistoryItem } from '../domain/history.ts';

export interface ExportedHistory {
  readonly observations: number;
  readonly pictures: number;
}

/**
 * Writes observations.jsonl, one observation a line as on the stream, and the JPEG files that the lines name as `picture`
 * (null: there is none).
 * @param folder must be empty or not exist
 */
export async function exportHistory(
  items: AsyncIterable<HistoryItem>,
  pictureOf: (number: number) => Uint8Array | null,
  folder: string,
): Promise<ExportedHistory> {
  // What cameras have seen is private.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length > 0)
    throw new ScenecastError(`--export ${folder}: must be a new or empty folder`);
  const lines = openSync(join(folder, 'observations.jsonl'), 'wx', 0o600);
  let [observations, pictures] = [0, 0];
  try {
    for await (const { number, observation, hasThumbnail } of items) {
      const jpeg = hasThumbnail ? pictureOf(number) : null;
      const picture = jpeg ? `${number}.jpg` : null;
      if (jpeg) writeFileSync(join(folder, `${number}.jpg`), jpeg, { flag: 'wx', mode: 0o600 });
      writeFileSync(lines, `${JSON.stringify({ ...observation, picture })}\n`);
      observations++;
      if (jpeg) pictures++;
    }
  } finally {
    closeSync(lines);
  }
  return { observations, pictures };
}
