import { readFile } from 'node:fs/promises';
import { defaultPrompt } from '../../src/domain/default-prompt.ts';
import type { Detail } from '../../src/domain/detail.ts';
import type { Size } from '../../src/domain/frame.ts';
import { loadAddon } from '../../src/vision/native/addon.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';
import type { MtmdInfo } from '../../src/vision/native/mtmd-info.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';

export interface ModelFiles {
  readonly text: string;
  readonly mmproj: string;
}

export interface ScenePicture {
  readonly seed: number;
  readonly size: Size;
  /** A JPEG file. */
  readonly path: string;
}

/** The greedy caption of a scene. */
export interface Caption {
  readonly seed: number;
  readonly text: string;
  /** Including the end token. */
  readonly tokens: readonly number[];
}

/** The engine and its describer in this process, set up as in the engine process; records its tokens. */
export class Speaker {
  readonly cpu: MtmdInfo['cpu'];
  readonly #engine: MtmdEngine;
  readonly #describer: PictureDescriber;
  #tokens: number[] = [];
  /** Called with the index of each token, while its logits are the last. */
  #onToken: (index: number) => void = () => {};

  private constructor(engine: MtmdEngine, detail: Detail) {
    this.#engine = engine;
    this.cpu = engine.info.cpu;
    const options = { maxTokens: 64, temperature: 0, chatTemplate: null, detail };
    this.#describer = new PictureDescriber(engine, options, { name: '', quant: '', build: '' });
    // Shadows the native method, which cannot be assigned.
    const value = (maxTokens: number): ReturnType<MtmdEngine['generate']> => this.#generate(maxTokens);
    Object.defineProperty(engine, 'generate', { value });
    // One turn after the other, each by generate.
    Object.defineProperty(engine, 'maxTurns', { value: 0 });
  }

  /** `MtmdEngine.generate` step by step, with every token recorded. */
  async #generate(maxTokens: number): ReturnType<MtmdEngine['generate']> {
    const engine = this.#engine;
    const tokens: number[] = [];
    for (let token = engine.sample(); ; token = await engine.step(token)) {
      this.#onToken(this.#tokens.length);
      this.#tokens.push(token);
      const ended = engine.isEndOfGeneration(token);
      if (!ended) tokens.push(token);
      if (ended || tokens.length >= maxTokens)
        return { tokens: Int32Array.from(tokens), ended, probability: 1 };
    }
  }

  /** A CPU module must be loaded. */
  static async open(model: ModelFiles, detail: Detail): Promise<Speaker> {
    // One thread: a fixed order of sums, and no emulated thread that spins.
    const options = { contextSize: 1024, threads: 1, flashAttention: 'auto' } as const;
    const files = { textPath: model.text, mmprojPath: model.mmproj };
    return new Speaker(await loadAddon().load({ ...files, ...options }), detail);
  }

  async describe({ seed, size, path }: ScenePicture): Promise<Caption> {
    this.#tokens = [];
    const picture = { size, bytes: await readFile(path) };
    const request = { picture, prompt: defaultPrompt, questions: [] };
    const { text } = await this.#describer.describe(request, new AbortController().signal);
    return { seed, text: text!, tokens: this.#tokens };
  }

  /**
   * How much likelier the token at `index` is than `other`: the difference of their logits, estimated from 1,000 draws
   * between the two likeliest tokens; Infinity if `other` is never drawn.
   */
  async margin(scene: ScenePicture, index: number, other: number): Promise<number> {
    const draws = 1000;
    let drawn = 0;
    this.#onToken = (position) => {
      if (position !== index) return;
      for (let seed = 0; seed < draws; seed++) {
        this.#engine.setSampler({ temperature: 1, topK: 2, topP: 1, minP: 0, seed });
        if (this.#engine.sample() === other) drawn++;
      }
    };
    try {
      await this.describe(scene);
    } finally {
      this.#onToken = () => {};
    }
    return drawn === 0 ? Number.POSITIVE_INFINITY : Math.log((draws - drawn) / drawn);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
