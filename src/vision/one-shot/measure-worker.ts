import { loadAddon } from '../native/addon.ts';
import { loadCpuModule } from '../native/cpu-module.ts';
import { loadEngine } from '../process/load-engine.ts';
import type { EngineRates, MeasureRequest } from './measure-request.ts';
import { serveParent } from './one-shot-child.ts';

/** Enough to touch every weight. */
const warmUpTokens = 16;

serveParent(
  async ({ engine: options, prefillTokens, decodeTokens }: MeasureRequest): Promise<EngineRates> => {
    const addon = loadAddon();
    const failure = loadCpuModule(addon, options.cpuModule);
    if (failure !== null) throw new Error(failure);
    const engine = await loadEngine(addon, options);
    try {
      const { imageSize, patchSize, projectorType, usesMrope } = engine.info.vision;
      const timed = async (work: () => Promise<unknown>): Promise<number> => {
        const startedAt = performance.now();
        await work();
        return performance.now() - startedAt;
      };
      const encode = (): Promise<unknown> => engine.encodeTile(noise(imageSize));
      // The first run of each fills caches and allocates.
      const isSquare = projectorType === 'mlp' && !usesMrope && imageSize % patchSize === 0;
      if (isSquare) await encode();
      const encodeMs = isSquare ? await timed(encode) : 0;
      const prompt = someTokens(prefillTokens, engine.info.text.vocabularySize);
      await engine.decodeTokens(prompt.subarray(0, warmUpTokens), { logitsLast: true });
      engine.clear();
      const prefillMs = await timed(() => engine.decodeTokens(prompt, { logitsLast: true }));
      // The last token is not decoded.
      const decodeMs = await timed(() => engine.generate(decodeTokens + 1, { stopAtEnd: false }));
      return {
        encodeMs,
        prefill: (prefillTokens / prefillMs) * 1000,
        decode: (decodeTokens / decodeMs) * 1000,
      };
    } finally {
      await engine.close();
    }
  },
);

/** The cost does not depend on the content. */
function noise(side: number): Uint8Array {
  return Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * 2_654_435_761) >>> 24);
}

/** Skips the control tokens, which come first in most vocabularies. */
function someTokens(count: number, vocabularySize: number): Int32Array {
  return Int32Array.from(
    { length: count },
    (_, at) => Math.floor(vocabularySize / 2) + (at % Math.floor(vocabularySize / 4)),
  );
}
