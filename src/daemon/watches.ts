import { join } from 'node:path';
import { ConditionFault, readCondition } from '../config/read-condition.ts';
import { rulesOf } from '../config/rule-schema.ts';
import type { CameraConfig, Config } from '../config/schema.ts';
import { CommandError } from '../domain/errors.ts';
import type { Rule } from '../domain/rule.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import type { Watch } from '../domain/watch.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Log, Publisher } from '../pipeline/ports.ts';
import { Watches } from '../pipeline/watches.ts';
import { WatchesFile } from '../store/watches-file.ts';

/** The watches, kept in the state folder. */
export function createWatches(
  { device, cameras, store }: Config,
  folder: string,
  pipeline: Pipeline,
  publisher: Publisher,
  log: Log,
): Watches {
  const path = join(stateFolderOf(store.folder, folder, process.env), `watches-${device}.json`);
  return new Watches({
    ...{ pipeline, publisher, log, store: new WatchesFile(path, log), cameras: Object.keys(cameras) },
    conditionOf: (watch) => conditionOf(watch, cameras[watch.camera]!),
  });
}

/** That of a rule, if it names one; else its own, of which one answer is enough. @throws CommandError */
function conditionOf({ id, when }: Watch, camera: CameraConfig): Rule {
  const named = rulesOf(camera).find(({ name }) => name === when);
  const isQuestion = typeof when === 'string' && Object.hasOwn(camera.questions, when);
  if (named && !isQuestion) return { ...named, name: id, cooldownMs: 0 };
  try {
    const condition = readCondition(when, camera.questions);
    return { name: id, when: condition, agree: { votes: 1, of: 1 }, holdMs: 0, cooldownMs: 0 };
  } catch (error) {
    if (!(error instanceof ConditionFault)) throw error;
    const where = ['when', ...error.path].join('.');
    throw new CommandError('invalid', `${where}: ${error.message}`, { cause: error });
  }
}
