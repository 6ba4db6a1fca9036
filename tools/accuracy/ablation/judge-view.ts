import { sceneTruth } from '../../../src/camera/scene-truth.ts';
import { defaultPrompt } from '../../../src/domain/default-prompt.ts';
import type { Detail } from '../../../src/domain/detail.ts';
import type { Description } from '../../../src/domain/observation.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { EmbeddingPictureEncoder } from '../../../src/vision/picture/picture-encoder.ts';
import { PictureDescriber } from '../../../src/vision/picture-describer.ts';
import type { Rate } from '../score.ts';
import type { SeenScene, View } from './views.ts';

/** How well scenes are described, and what that costs on average. */
export interface Judged {
  readonly captions: Rate;
  readonly questions: Rate;
  readonly tokens: number;
  readonly squares: number;
  /** Of encoding and prefilling. */
  readonly seconds: number;
}

/** Describes scenes as one view shows them, and asks the questions of their truth. Only the exact words are right. */
export async function judgeView(
  engine: MtmdEngine,
  view: View,
  scenes: readonly SeenScene[],
): Promise<Judged> {
  const captions = { right: 0, total: 0 };
  const questions = { right: 0, total: 0 };
  const sums = { tokens: 0, squares: 0, ms: 0 };
  let current = scenes[0]!;
  const { describe } = describerOf(
    engine,
    (counted) =>
      new EmbeddingPictureEncoder(counted, (encodeSquare) => view.embed(counted, encodeSquare, current)),
    () => sums.squares++,
  );
  for (const seen of scenes) {
    current = seen;
    const truth = sceneTruth(seen.scene);
    const { text, answers, tokens, timings } = await describe(
      seen,
      truth.questions.map(({ question }) => question),
    );
    count(captions, text === truth.caption);
    for (const [index, { answer }] of truth.questions.entries())
      count(questions, answers[`q${index}`] === answer);
    sums.tokens += tokens.image;
    sums.ms += timings.encodeMs + timings.prefillMs;
  }
  const each = (sum: number): number => sum / scenes.length;
  return {
    captions,
    questions,
    tokens: each(sums.tokens),
    squares: each(sums.squares),
    seconds: each(sums.ms) / 1000,
  };
}

/** A describer whose squares are counted as they are encoded. @param encoderOf default: the engine's own */
export function describerOf(
  engine: MtmdEngine,
  encoderOf: ((engine: MtmdEngine) => EmbeddingPictureEncoder) | null,
  onSquare: () => void,
  changedOnly = false,
): {
  describe: (
    seen: Pick<SeenScene, 'picture' | 'changedArea'>,
    questions: readonly string[],
    detail?: Detail,
  ) => Promise<Description>;
} {
  const counted = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'encodeTile') onSquare();
        return value.apply(target, args);
      };
    },
  });
  const speech = { maxTokens: 64, temperature: 0, chatTemplate: null, detail: 'full', changedOnly } as const;
  const model = { name: '', quant: '', build: '' };
  const describer = new PictureDescriber(counted, speech, model, encoderOf?.(counted));
  return {
    describe: ({ picture, changedArea }, questions, detail) =>
      describer.describe(
        {
          picture,
          prompt: defaultPrompt,
          questions: questions.map((ask, index) => ({ name: `q${index}`, ask })),
          ...(changedArea && { changedArea }),
          ...(detail && { detail }),
        },
        new AbortController().signal,
      ),
  };
}

export function count(rate: Rate, isRight: boolean): void {
  rate.total++;
  if (isRight) rate.right++;
}
