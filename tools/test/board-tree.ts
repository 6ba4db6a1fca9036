import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

export const boardFixtures = join(import.meta.dirname, '../../test/board/fixtures');

/** Changes to a tree: text or bytes by path; null removes the file. */
export type TreeChanges = Readonly<Record<string, string | Uint8Array | null>>;

/** A copy of a fixture of test/board/fixtures, or an empty folder, with changes; removed when the test ends. */
export async function boardTree(fixture: string | null, changes: TreeChanges = {}): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'scenecast-board-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  if (fixture !== null) await cp(join(boardFixtures, fixture), root, { recursive: true });
  for (const [path, content] of Object.entries(changes)) {
    const file = join(root, path);
    await rm(file, { recursive: true, force: true });
    if (content === null) continue;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return root;
}
