import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Board } from '../board/board.ts';
import { stateFolder } from '../domain/state-folder.ts';
import { type ModelFiles, partPathsOf } from '../models/installed/locate.ts';
import type { Tuning } from '../planning/plan-engine.ts';
import { TuneStore } from '../planning/tune-store.ts';

/** The store of `scenecast tune`'s measurements. */
export function tuneStoreOf(env: NodeJS.ProcessEnv): TuneStore {
  return new TuneStore(join(stateFolder(env), 'tune.json'));
}

/** The key of a model's files on a board. */
export async function tuneKeyOf({ text, mmproj }: ModelFiles, board: Board): Promise<string> {
  const files = await Promise.all(
    [text, mmproj].map(async (path) => `${basename(path)} ${await sizeOf(path)}`),
  );
  const cores = board.clusters.map(({ name, cpus }) => `${cpus.length} x ${name}`);
  return [...files, board.model ?? board.arch, ...cores].join(', ');
}

/** In bytes, of all parts. */
async function sizeOf(path: string): Promise<number> {
  const parts = await Promise.all(partPathsOf(path).map((part) => stat(part)));
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/** The best settings that `scenecast tune` measured for these files on this board; null if it has not completed. */
export async function tuningOf(files: ModelFiles, board: Board): Promise<Tuning | null> {
  return (await tuneStoreOf(process.env).read(await tuneKeyOf(files, board))).best;
}
