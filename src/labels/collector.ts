import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isPlausible } from '../domain/clock.ts';
import type {
  Collectable,
  CollectBounds,
  CollectedAnswer,
  CollectedPicture,
} from '../domain/collected-picture.ts';
import { messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import { currentLabels, type Label, type LabelledQuestion } from '../domain/label.ts';
import type { Observation } from '../domain/observation.ts';
import type { Log } from '../pipeline/ports.ts';
import { replaceFile } from '../system/replace-file.ts';
import { collectedPathOf, collectedText, readCollected } from './collected-file.ts';
import { appendLabels, labelsVersion, readLabels } from './labels-file.ts';

/** A camera whose pictures are collected. */
export interface CollectedCamera {
  readonly bounds: CollectBounds;
  /** Its questions that can be labelled. */
  readonly questions: readonly LabelledQuestion[];
}

export interface CollectorParts {
  /** Has a folder for each camera, and the labels of all. */
  readonly folder: string;
  readonly cameras: ReadonlyMap<string, CollectedCamera>;
  /** Which pictures to drop; see `droppedFrom`. */
  readonly choose: (
    pictures: readonly Collectable[],
    bounds: CollectBounds,
  ) => { readonly dropped: readonly string[]; readonly fits: boolean };
  /** The picture as a JPEG file. */
  readonly encode: (picture: Picture) => Promise<Uint8Array>;
  readonly coarse: (picture: Picture) => Promise<Uint8Array>;
  readonly log: Log;
}

const ulidName = /^([0-9A-HJKMNP-TV-Z]{26})\.(jpg|json)$/;

/**
 * Keeps described pictures to be labelled, within bounds, each with a file that says what the model said. One picture is
 * written at a time; those that come meanwhile are not kept.
 */
export class Collector {
  readonly #parts: CollectorParts;
  readonly #kept = new Map<string, Collectable[]>();
  readonly #newest = new Map<string, Observation>();
  #labelsVersion: string | null = null;
  #work: Promise<unknown> = Promise.resolve();
  #isBusy = false;
  #fault: string | null = null;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  /**
   * Reads what has been collected, removes the remains of interrupted writes, and what the bounds no longer allow. A file that
   * somebody has damaged is logged: descriptions do not depend on it.
   */
  async start(): Promise<void> {
    for (const [camera, { bounds }] of this.#parts.cameras) {
      const folder = join(this.#parts.folder, camera);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      this.#kept.set(camera, await this.#readFolder(folder));
      try {
        await this.#readLabelled();
        await this.#drop(camera, this.#parts.choose(this.#kept.get(camera)!, bounds).dropped);
      } catch (error) {
        this.#logOnce(camera, messageOf(error));
      }
    }
  }

  /** Considers a described picture; returns at once. */
  observed(observation: Observation): void {
    const { camera, capturedAt } = observation.frame;
    const answers = this.#answersOf(observation);
    if (answers.length === 0) return;
    for (const { question } of answers) this.#newest.set(`${camera}/${question.name}`, observation);
    if (this.#isBusy || !isPlausible(capturedAt)) return;
    this.#isBusy = true;
    void this.#serially(async () => {
      try {
        await this.#keep(observation, false);
        this.#fault = null;
      } catch (error) {
        this.#logOnce(camera, messageOf(error));
      }
      this.#isBusy = false;
    });
  }

  /** The newest observation that answers a question, or a collected one by its id, with the answer; null: there is none. */
  async answerTo(
    camera: string,
    question: string,
    id: string | null,
  ): Promise<(CollectedAnswer & { readonly id: string }) | null> {
    const newest = this.#newest.get(`${camera}/${question}`);
    const isNewest = newest !== undefined && (id === null || newest.frame.id === id);
    const isKept = this.#kept.get(camera)?.some((each) => each.id === id) ?? false;
    if (!isNewest && !isKept) return null;
    const answers = isNewest
      ? this.#answersOf(newest)
      : ((await readCollected(this.#pathOf(camera, id!)))?.answers ?? []);
    const found = answers.find((answer) => answer.question.name === question);
    return found ? { ...found, id: isNewest ? newest.frame.id : id! } : null;
  }

  /**
   * Labels a picture that {@link answerTo} found, and keeps it.
   * @returns null: it cannot be kept, as too many are labelled
   */
  label(
    id: string,
    { camera, question, value }: Pick<Label, 'camera' | 'question' | 'value'>,
    by: string,
  ): Promise<Label | null> {
    return this.#serially(async () => {
      const kept = this.#kept.get(camera)?.find((each) => each.id === id);
      const newest = this.#newest.get(`${camera}/${question.name}`);
      if (!kept && !(newest?.frame.id === id && (await this.#keep(newest, true)))) return null;
      const label = { picture: `${camera}/${id}.jpg`, camera, question, value, by, at: new Date() };
      await appendLabels(this.#parts.folder, [label]);
      return label;
    });
  }

  /** Waits for a picture that is being written. */
  async close(): Promise<void> {
    await this.#work.catch(() => {});
  }

  #serially<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(work, work);
    this.#work = result;
    return result;
  }

  /** @returns whether the picture is kept */
  async #keep(observation: Observation, isLabelled: boolean): Promise<boolean> {
    const { id, camera, capturedAt, picture } = observation.frame;
    const { bounds } = this.#parts.cameras.get(camera)!;
    await this.#readLabelled();
    const kept = this.#kept.get(camera)!;
    if (kept.some((each) => each.id === id)) return true;
    const answers = this.#answersOf(observation);
    const [bytes, coarse] = await Promise.all([this.#parts.encode(picture), this.#parts.coarse(picture)]);
    const { text: description, model } = observation.description;
    const text = collectedText({ id, camera, capturedAt, description, model, answers, coarse });
    const newest = collectable({ id, capturedAt, answers, coarse }, bytes.length + text.length, isLabelled);
    const { dropped, fits } = this.#parts.choose([...kept, newest], bounds);
    if (!fits || dropped.includes(id)) return false;
    await this.#drop(camera, dropped);
    const path = this.#pathOf(camera, id);
    await replaceFile(collectedPathOf(path), text);
    await replaceFile(path, bytes);
    this.#kept.get(camera)!.push(newest);
    return true;
  }

  async #drop(camera: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const path = this.#pathOf(camera, id);
      await rm(path, { force: true });
      await rm(collectedPathOf(path), { force: true });
    }
    this.#kept.set(
      camera,
      this.#kept.get(camera)!.filter(({ id }) => !ids.includes(id)),
    );
  }

  async #readFolder(folder: string): Promise<Collectable[]> {
    const files = (await readdir(folder))
      .map((name) => ulidName.exec(name))
      .filter((match) => match !== null);
    const collected: Collectable[] = [];
    for (const [id, names] of Map.groupBy(files, (match) => match[1]!)) {
      const path = join(folder, `${id}.jpg`);
      if (names.length === 2) {
        const seen = await readCollected(path).catch((error: unknown) => {
          this.#parts.log.warn({ reason: messageOf(error) }, 'collected picture left out');
        });
        if (!seen) continue;
        const [picture, said] = await Promise.all([stat(path), stat(collectedPathOf(path))]);
        collected.push(collectable(seen, picture.size + said.size, false));
      } else if (names[0]![2] === 'json') await rm(collectedPathOf(path), { force: true });
    }
    return collected.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Another process may have added labels. */
  async #readLabelled(): Promise<void> {
    const version = await labelsVersion(this.#parts.folder);
    if (version === this.#labelsVersion) return;
    const labelled = new Set(
      currentLabels(await readLabels(this.#parts.folder)).map(({ picture }) => picture),
    );
    this.#labelsVersion = version;
    for (const [camera, kept] of this.#kept)
      this.#kept.set(
        camera,
        kept.map((each) => ({ ...each, isLabelled: labelled.has(`${camera}/${each.id}.jpg`) })),
      );
  }

  #answersOf({ frame: { camera }, description }: Observation): CollectedAnswer[] {
    const questions = this.#parts.cameras.get(camera)?.questions ?? [];
    return questions.flatMap((question) => {
      const value = description.answers[question.name];
      const confidence = description.confidences?.[question.name] ?? null;
      return value === undefined ? [] : [{ question, value, confidence }];
    });
  }

  #pathOf(camera: string, id: string): string {
    return join(this.#parts.folder, camera, `${id}.jpg`);
  }

  #logOnce(camera: string, reason: string): void {
    if (this.#fault === reason) return;
    this.#fault = reason;
    this.#parts.log.warn({ camera, reason }, 'picture not collected');
  }
}

function collectable(
  { id, capturedAt, answers, coarse }: Pick<CollectedPicture, 'id' | 'capturedAt' | 'answers' | 'coarse'>,
  bytes: number,
  isLabelled: boolean,
): Collectable {
  const confidences = answers.map(({ confidence }) => confidence ?? 1);
  const uncertainty = 1 - Math.min(1, ...confidences);
  return { id, hour: capturedAt.getHours(), bytes, isLabelled, uncertainty, coarse };
}
