import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { pictureEndings } from '../camera/still.ts';
import type { Config } from '../config/schema.ts';
import { namePattern } from '../contract/fields.ts';
import { questionsOf } from '../contract/questions.ts';
import type { CollectedPicture } from '../domain/collected-picture.ts';
import { ConfigError } from '../domain/errors.ts';
import { currentLabels, isLabelled, type Label, type LabelledQuestion } from '../domain/label.ts';
import { readCollectedIfWhole } from '../labels/collected-file.ts';
import { fileFault } from '../system/file-fault.ts';
import type { LabelTask } from './label-session.ts';

/** What the flags say; the rest is known of collected pictures, or from earlier labels. */
export interface TaskOptions {
  readonly config: Config | null;
  readonly camera: string | undefined;
  /** Only this one. */
  readonly question: string | undefined;
  /** The question to label; null: the camera's. */
  readonly asked: LabelledQuestion | null;
}

/**
 * The questions about a folder's pictures that have no label yet, by picture.
 * @param labels all of the folder's
 * @throws ConfigError if a picture's camera or its questions are not known
 */
export async function labelTasks(
  folder: string,
  labels: readonly Label[],
  options: TaskOptions,
): Promise<{ tasks: LabelTask[]; pictures: number; labelled: number }> {
  const current = currentLabels(labels);
  const isDone = new Set(current.map(({ picture, question }) => `${picture}\n${question.name}`));
  const paths = await picturesIn(folder);
  const tasks: LabelTask[] = [];
  let labelled = 0;
  for (const path of paths) {
    const picture = relative(folder, path).split(sep).join('/');
    const collected = await readCollectedIfWhole(path);
    const camera = cameraOf(picture, collected, options);
    for (const question of questionsFor(camera, collected, current, options)) {
      if (isDone.has(`${picture}\n${question.name}`)) labelled++;
      else
        tasks.push({
          ...{ path, picture, camera, question },
          description: collected?.description ?? null,
          said: collected?.answers.find((said) => said.question.name === question.name) ?? null,
        });
    }
  }
  if (tasks.length + labelled === 0)
    throw new ConfigError(
      `${folder}: no question is known that can be labelled; name one: --question gate_open --ask "Is the gate open?" --type boolean`,
    );
  return { tasks, pictures: paths.length, labelled };
}

/** By name: collected pictures are named by the time of their capture. */
async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new ConfigError(`${folder}: cannot be read: ${fileFault(cause)}`, { cause });
  });
  const paths = entries
    .filter(
      (entry) =>
        entry.isFile() &&
        !entry.name.startsWith('.') &&
        pictureEndings.includes(extname(entry.name).toLowerCase()),
    )
    .map(({ parentPath, name }) => join(parentPath, name));
  const foreign = paths.find((path) => path.includes('\uFFFD'));
  if (foreign !== undefined) throw new ConfigError(`${foreign}: its name is not UTF-8; rename it`);
  if (paths.length === 0)
    throw new ConfigError(`${folder}: contains no picture (${pictureEndings.join(', ')})`);
  return paths.toSorted();
}

function cameraOf(picture: string, collected: CollectedPicture | null, options: TaskOptions): string {
  const [first, ...rest] = picture.split('/');
  const camera = options.camera ?? collected?.camera ?? (rest.length > 0 ? first : undefined);
  if (camera === undefined)
    throw new ConfigError(`${picture}: is of no known camera; name it: --camera porch`);
  if (!namePattern.test(camera))
    throw new ConfigError(
      `"${camera}" cannot be the name of a camera, of letters, digits, _ and -; name it: --camera porch`,
    );
  return camera;
}

function questionsFor(
  camera: string,
  collected: CollectedPicture | null,
  labels: readonly Label[],
  { config, question, asked }: TaskOptions,
): LabelledQuestion[] {
  if (asked) return [asked];
  const configured = questionsOf(config?.cameras[camera]?.questions ?? {}).filter(isLabelled);
  const known = new Map(
    [
      ...labels.filter((label) => label.camera === camera).map((label) => label.question),
      ...(collected?.answers ?? []).map((answer) => answer.question),
    ].map((each) => [each.name, each]),
  );
  const all = configured.length > 0 ? configured : [...known.values()];
  return all.filter(({ name }) => question === undefined || name === question);
}
