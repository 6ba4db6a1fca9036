import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, isMissingFile } from '../domain/errors.ts';
import { currentLabels, isOfType, type Label, type LabelledQuestion } from '../domain/label.ts';
import type { LabelCounts, LabelledPictures, LabelTask } from '../domain/label-task.ts';
import type { Answer } from '../domain/observation.ts';
import { readCollectedIfWhole } from './collected-file.ts';
import { appendLabels, labelsVersion, readLabels } from './labels-file.ts';

const fileName = /^([0-9A-HJKMNP-TV-Z]{26})\.jpg$/;

/** The collected pictures with their labels, as files: the collector and other processes may add to them. */
export class LabelQueue implements LabelledPictures {
  readonly #folder: string;
  readonly #questions: ReadonlyMap<string, readonly LabelledQuestion[]>;
  readonly #by: string;
  #labels: readonly Label[] = [];
  #version: string | null = null;

  /**
   * @param folder has a folder for each camera, and the labels of all
   * @param questions by camera, those that can be labelled
   * @param by what writes these labels
   */
  constructor(folder: string, questions: ReadonlyMap<string, readonly LabelledQuestion[]>, by: string) {
    this.#folder = folder;
    this.#questions = questions;
    this.#by = by;
  }

  async counts(): Promise<LabelCounts[]> {
    const counts: LabelCounts[] = [];
    for (const [camera, questions] of this.#questions) {
      const ids = await this.#idsOf(camera);
      for (const { name: question } of questions) {
        const done = await this.#labelled(camera, question);
        const labelled = ids.filter((id) => done.has(id)).length;
        counts.push({ camera, question, labelled, waiting: ids.length - labelled });
      }
    }
    return counts;
  }

  async tasks(camera: string, question: string, limit: number): Promise<LabelTask[]> {
    this.#questionOf(camera, question);
    const done = await this.#labelled(camera, question);
    const ids = (await this.#idsOf(camera)).filter((id) => !done.has(id));
    const collected = await Promise.all(
      ids.slice(0, limit).map((id) => readCollectedIfWhole(this.#pathOf(camera, id))),
    );
    return collected
      .filter((each) => each !== null)
      .map(({ id, capturedAt, answers }) => {
        const said = answers.find((each) => each.question.name === question);
        return {
          id,
          camera,
          question,
          capturedAt,
          said: said?.value ?? null,
          confidence: said?.confidence ?? null,
        };
      });
  }

  async picture(camera: string, id: string): Promise<Uint8Array | null> {
    if (!this.#questions.has(camera) || !fileName.test(`${id}.jpg`)) return null;
    try {
      return await readFile(this.#pathOf(camera, id));
    } catch (error) {
      if (isMissingFile(error)) return null;
      throw error;
    }
  }

  async label(camera: string, name: string, id: string, value: Answer | null): Promise<void> {
    const question = this.#questionOf(camera, name);
    if (value !== null && !isOfType(question.type, value))
      throw new CommandError(
        'invalid',
        `value: ${JSON.stringify(value)} is no answer of type ${question.type.kind}`,
      );
    if (!(await this.#idsOf(camera)).includes(id))
      throw new CommandError('unknown', `no picture ${id} of ${camera} is kept`);
    const picture = `${camera}/${id}.jpg`;
    await appendLabels(this.#folder, [{ picture, camera, question, value, by: this.#by, at: new Date() }]);
  }

  #questionOf(camera: string, name: string): LabelledQuestion {
    const questions = this.#questions.get(camera) ?? [];
    const question = questions.find((each) => each.name === name);
    if (question) return question;
    const names = questions.map((each) => each.name).join(', ') || 'none';
    throw new CommandError(
      'unknown',
      `${camera} has no question "${name}" that can be labelled; there are: ${names}`,
    );
  }

  /** Oldest first. */
  async #idsOf(camera: string): Promise<string[]> {
    const names = await readdir(join(this.#folder, camera)).catch((error: unknown) => {
      if (isMissingFile(error)) return [];
      throw error;
    });
    return names.flatMap((name) => fileName.exec(name)?.[1] ?? []).toSorted();
  }

  /** The ids of the pictures that have a label. */
  async #labelled(camera: string, question: string): Promise<ReadonlySet<string>> {
    const version = await labelsVersion(this.#folder);
    if (version !== this.#version) this.#labels = currentLabels(await readLabels(this.#folder));
    this.#version = version;
    const prefix = `${camera}/`;
    const done = this.#labels.filter(
      (label) => label.question.name === question && label.picture.startsWith(prefix),
    );
    return new Set(done.map(({ picture }) => picture.slice(prefix.length, -'.jpg'.length)));
  }

  #pathOf(camera: string, id: string): string {
    return join(this.#folder, camera, `${id}.jpg`);
  }
}
