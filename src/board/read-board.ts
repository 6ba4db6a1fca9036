import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { faultLine } from '../domain/fault-line.ts';
import { readText } from '../system/read-text.ts';
import type { Board } from './board.ts';
import { boardJsonSchema, boardOfJson } from './board-json.ts';
import { probeBoard } from './probe-board.ts';

const remedy = 'create it on the board with "scenecast doctor board --json"';

/**
 * Reads another board's description: the output of `scenecast doctor board --json`, or a recorded tree, a folder with
 * the board's proc and sys.
 * @throws ConfigError with the path and, for a file, each invalid field, its value and the remedy.
 */
export async function readBoard(path: string): Promise<Board> {
  if (await isFolder(path)) {
    await requireTree(path);
    return probeBoard({ root: path });
  }
  return parseBoard(await readText(path, `board ${path}`), path);
}

async function requireTree(path: string): Promise<void> {
  const [hasProc, hasSys] = await Promise.all([isFolder(join(path, 'proc')), isFolder(join(path, 'sys'))]);
  if (!hasProc && !hasSys)
    throw new ConfigError(
      `board ${path}: has neither proc nor sys; give the root of a recorded tree, or a file: ${remedy}`,
    );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function parseBoard(text: string, path: string): Board {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`board ${path}: is not JSON: ${messageOf(cause)}; ${remedy}`, { cause });
  }
  const result = boardJsonSchema.safeParse(data, { reportInput: true });
  if (result.success) return boardOfJson(result.data);
  const lines = result.error.issues.map(({ path: field, message, input }) =>
    input === undefined ? faultLine(field, 'is missing') : faultLine(field, message, input),
  );
  throw new ConfigError([`board ${path}:`, ...lines, remedy].join('\n  '), { cause: result.error });
}
