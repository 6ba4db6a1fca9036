import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { labelledQuestionSchema, questionsOf } from '../contract/questions.ts';
import type { CollectedPicture } from '../domain/collected-picture.ts';
import { ConfigError, isMissingFile, messageOf } from '../domain/errors.ts';
import type { LabelledQuestion, LabelledType } from '../domain/label.ts';

const answer = z.strictObject({
  asked: labelledQuestionSchema,
  value: z.union([z.string(), z.number(), z.boolean()]),
  confidence: z.number().nullable(),
});

const fileSchema = z.strictObject({
  id: z.string(),
  camera: z.string(),
  captured_at: z.iso.datetime(),
  description: z.string().nullable(),
  model: z.strictObject({ name: z.string(), quant: z.string() }),
  answers: z.record(z.string(), answer),
  /** For Scenecast itself: base64. */
  coarse: z.base64(),
});

/** The file beside a collected picture that says what the model said about it. */
export function collectedPathOf(picture: string): string {
  return picture.replace(/\.\w+$/, '.json');
}

export function collectedText({
  id,
  camera,
  capturedAt,
  description,
  model,
  answers,
  coarse,
}: CollectedPicture): string {
  const file: z.input<typeof fileSchema> = {
    id,
    camera,
    captured_at: capturedAt.toISOString(),
    description,
    model: { name: model.name, quant: model.quant },
    answers: Object.fromEntries(
      answers.map(({ question: { name, ask, type }, value, confidence }) => [
        name,
        { asked: specOf(ask, type), value, confidence },
      ]),
    ),
    coarse: Buffer.from(coarse).toString('base64'),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** What was said about a picture; null: it has no file beside it. @throws ConfigError if the file is damaged */
export async function readCollected(picture: string): Promise<CollectedPicture | null> {
  const path = collectedPathOf(picture);
  try {
    const { captured_at, answers, coarse, ...others } = fileSchema.parse(
      JSON.parse(await readFile(path, 'utf8')),
    );
    return {
      ...others,
      capturedAt: new Date(captured_at),
      coarse: Buffer.from(coarse, 'base64'),
      answers: Object.entries(answers).map(([name, { asked, value, confidence }]) => ({
        question: questionsOf({ [name]: asked })[0] as LabelledQuestion,
        value,
        confidence,
      })),
    };
  } catch (cause) {
    if (isMissingFile(cause)) return null;
    throw new ConfigError(`${path}: is damaged: ${messageOf(cause)}; delete it`, { cause });
  }
}

/** Likewise; null also if the file is damaged, or another program's: the picture can be labelled all the same. */
export async function readCollectedIfWhole(picture: string): Promise<CollectedPicture | null> {
  return readCollected(picture).catch((error: unknown) => {
    if (error instanceof ConfigError) return null;
    throw error;
  });
}

function specOf(ask: string, type: LabelledType): z.input<typeof labelledQuestionSchema> {
  switch (type.kind) {
    case 'boolean':
      return { ask, type: 'boolean' };
    case 'integer':
      return { ask, type: 'integer', min: type.min, max: type.max };
    case 'enum':
      return { ask, type: 'enum', values: [...type.values] };
  }
}
