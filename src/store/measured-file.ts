import { stat } from 'node:fs/promises';
import { z } from 'zod';
import type { MeasuredQuestion } from '../domain/calibration.ts';
import { ConfigError, isMissingFile, messageOf } from '../domain/errors.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { replaceFile } from '../system/replace-file.ts';

const maxFileBytes = 4 * 2 ** 20;
/** The oldest are dropped: of models and wordings that were tried long ago. */
const maxEntries = 500;

const probability = z.number().min(0).max(1);

const fileSchema = z.strictObject({
  version: z.literal(1),
  questions: z.array(
    z.strictObject({
      camera: z.string(),
      question: z.string(),
      ask: z.string(),
      model: z.strictObject({ name: z.string(), quant: z.string() }),
      labels: z.int().min(1),
      right: z.int().min(0),
      calibrationError: probability.nullable(),
      calibration: z
        .discriminatedUnion('method', [
          z.strictObject({ method: z.literal('platt'), slope: z.number().min(0), offset: z.number() }),
          z.strictObject({
            method: z.literal('isotonic'),
            points: z.array(z.strictObject({ confidence: probability, calibrated: probability })).min(1),
          }),
        ])
        .nullable(),
      at: z.iso.datetime().transform((text) => new Date(text)),
    }),
  ),
});

/** How good the answers to each question are, as `scenecast eval --keep` measured it: a JSON file, replaced atomically. */
export class MeasuredFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws ConfigError if it is damaged */
  async read(): Promise<MeasuredQuestion[]> {
    let text: string;
    try {
      text = (await readRegularFile(this.#path, maxFileBytes)).toString();
    } catch (error) {
      if (isMissingFile(error)) return [];
      throw error;
    }
    try {
      return fileSchema.parse(JSON.parse(text)).questions;
    } catch (cause) {
      throw new ConfigError(
        `${this.#path}: is damaged: ${messageOf(cause)}; delete it, and run scenecast eval --keep again`,
        { cause },
      );
    }
  }

  /** Replaces what was measured of the same questions, worded alike, with the same models. */
  async save(measured: readonly MeasuredQuestion[]): Promise<void> {
    const keys = new Set(measured.map(keyOf));
    const others = (await this.read()).filter((each) => !keys.has(keyOf(each)));
    const questions = [...others, ...measured].slice(-maxEntries);
    await replaceFile(this.#path, `${JSON.stringify({ version: 1, questions }, null, 2)}\n`);
  }

  /** Differs after each change; null: there is no file. */
  async version(): Promise<string | null> {
    try {
      const { ino, mtimeMs, size } = await stat(this.#path);
      return `${ino} ${mtimeMs} ${size}`;
    } catch {
      return null;
    }
  }
}

function keyOf({ camera, question, ask, model }: MeasuredQuestion): string {
  return JSON.stringify([camera, question, ask, model.name, model.quant]);
}
