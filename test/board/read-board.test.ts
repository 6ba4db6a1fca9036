import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { boardJson } from '../../src/board/board-json.ts';
import { readBoard } from '../../src/board/read-board.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { boardFixtures, boardTree } from '../../tools/test/board-tree.ts';
import { fixtureBoards } from './fixture-boards.ts';

const printed = (name: string): Record<string, unknown> => ({ ...boardJson(fixtureBoards[name]!) });

async function errorOf(content: unknown): Promise<string> {
  const path = join(await boardTree(null), 'board.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readBoard(path).then(
    () => 'no error',
    (error: unknown) => {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as Error).message.replaceAll(path, 'FILE');
    },
  );
}

test('the output of doctor is read', async () => {
  for (const [name, board] of Object.entries(fixtureBoards)) {
    const folder = await boardTree(null, { 'board.json': JSON.stringify(boardJson(board), null, 2) });
    expect(await readBoard(join(folder, 'board.json')), name).toEqual(board);
  }
});

test('a folder is a recorded tree', async () => {
  expect(await readBoard(join(boardFixtures, 'rock-5b'))).toEqual(fixtureBoards['rock-5b']);
});

test('unknown names are ignored', async () => {
  expect(await errorOf({ ...printed('cloud-vm'), from_the_future: 1 })).toBe('no error');
});

test('errors name the field, its value and the remedy', async () => {
  const remedy = 'create it on the board with "scenecast doctor board --json"';
  expect(await errorOf({ ...printed('cloud-vm'), cpu_quota: 0 })).toBe(
    `board FILE:\n  cpu_quota: must be more than 0 (it is 0)\n  ${remedy}`,
  );
  const { memory } = boardJson(fixtureBoards['cloud-vm']!);
  expect(await errorOf({ ...printed('cloud-vm'), memory: { ...memory, total_bytes: '4GB' } })).toMatch(
    /^ {2}memory\.total_bytes: .*\(it is "4GB"\)$/m,
  );
  expect(await errorOf({ ...printed('cloud-vm'), features: ['asimd', 'avx'] })).toMatch(
    /^ {2}features\.1: .*\(it is "avx"\)$/m,
  );
  expect(await errorOf({ model: null })).toMatch(/^ {2}clusters: is missing$/m);
  expect(await errorOf('{"model":')).toMatch(/^board FILE: is not JSON: .*; create it on the board/);
  expect(await errorOf('[]')).toMatch(/^ {2}\(top level\): .*\(it is \[\]\)$/m);
});

test('a path that is missing or holds no board is an error', async () => {
  await expect(readBoard('/not/there')).rejects.toThrow('board /not/there: cannot be read');
  await expect(readBoard(import.meta.dirname)).rejects.toThrow(/has neither proc nor sys; .* --json"$/);
});
