import { modelSchema } from '../../../src/config/schema.ts';
import type { ModelFiles } from '../../../src/models/installed/locate.ts';
import { setUpEngine } from '../../../src/setup/engine.ts';
import { EngineClient } from '../../../src/vision/process/engine-client.ts';
import type { EngineInfo, EngineOptions } from '../../../src/vision/process/protocol.ts';
import type { Contender, Job, Reading } from './contender.ts';
import type { BenchModel } from './models.ts';

const deadlineMs = 1_800_000;
const quiet = { debug() {}, info() {} } as const;
const log = {
  ...quiet,
  warn: (fields: object, message: string) => console.error(message, fields),
  error: (fields: object, message: string) => console.error(message, fields),
};

/** Scenecast's engine process, planned and driven as by the daemon. */
export class Scenecast implements Contender {
  readonly options: EngineOptions;
  readonly info: EngineInfo;
  readonly #client: EngineClient;

  private constructor(client: EngineClient, options: EngineOptions, info: EngineInfo) {
    this.#client = client;
    this.options = options;
    this.info = info;
  }

  /**
   * Plans for this board, and loads the model.
   * @param threads null: as planned
   */
  static async start(
    model: BenchModel,
    files: ModelFiles,
    job: Job,
    threads: number | null,
  ): Promise<Scenecast> {
    const config = modelSchema.parse({
      path: files.text,
      max_tokens: model.maxTokens,
      ...(threads !== null && { threads }),
    });
    const { options } = await setUpEngine(config, files, {
      pictureSizes: [job.size],
      prompts: [job.prompt],
      questions: [questionsOf(job)],
    });
    const client = new EngineClient({ engine: options, deadlineMs, log });
    return new Scenecast(client, options, await client.start());
  }

  get pid(): number {
    return this.#client.pid!;
  }

  async describe(job: Job): Promise<Reading> {
    const start = performance.now();
    const description = await this.#client.describe(
      {
        picture: { size: job.size, bytes: job.jpeg },
        prompt: job.prompt,
        questions: questionsOf(job),
        frame: { id: job.camera, camera: job.camera },
      },
      AbortSignal.timeout(deadlineMs),
    );
    const totalMs = performance.now() - start;
    const { timings, tokens, text, answers } = description;
    const { encodeMs, prefillMs, generateMs } = timings;
    return {
      ...{ totalMs, encodeMs, prefillMs, generateMs },
      restMs: totalMs - encodeMs - prefillMs - generateMs,
      promptTokens: tokens.image + tokens.prompt,
      completionTokens: tokens.completion,
      draftedTokens: tokens.drafted,
      acceptedTokens: tokens.accepted,
      texts: [text!, ...job.questions.map((_, index) => String(answers[`q${index}`]))],
    };
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** Free-text questions. */
function questionsOf(job: Job): { name: string; ask: string }[] {
  return job.questions.map((ask, index) => ({ name: `q${index}`, ask }));
}
