import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Board } from '../board/board.ts';
import { stateFolder } from '../domain/state-folder.ts';
import type { ModelFiles } from '../models/installed/locate.ts';
import type { Tuning } from '../planning/plan-engine.ts';
import { TuneStore } from '../planning/tune-store.ts';

/** Where `scenecast tune` keeps what it measured. */
export function tuneStoreOf(env: NodeJS.ProcessEnv): TuneStore {
  return new TuneStore(join(stateFolder(env), 'tune.json'));
}

/** A model's files on a board: what was measured of others says nothing of these. */
export async function tuneKeyOf({ text, mmproj }: ModelFiles, board: Board): Promise<string> {
  const files = await Promise.all(
    [text, mmproj].map(async (path) => `${basename(path)} ${(await stat(path)).size}`),
  );
  const cores = board.clusters.map(({ name, cpus }) => `${cpus.length} x ${name}`);
  return [...files, board.model ?? board.arch, ...cores].join(', ');
}

/** What `scenecast tune` found best for these files on this board; null: it has not come to its end here. */
export async function tuningOf(files: ModelFiles, board: Board): Promise<Tuning | null> {
  return (await tuneStoreOf(process.env).read(await tuneKeyOf(files, board))).best;
}
