import type { Detail } from '../../domain/detail.ts';
import type { Size } from '../../domain/frame.ts';
import { loadAddon } from '../native/addon.ts';
import { loadCpuModule } from '../native/cpu-module.ts';
import type { MtmdEngine } from '../native/mtmd-engine.ts';
import { countPatches, countPictureTokens } from '../picture/picture-cost.ts';
import { encodesSquares } from '../picture/picture-encoder.ts';
import { loadEngine } from '../process/load-engine.ts';
import type { EngineRates, MeasureRequest } from './measure-request.ts';
import { serveParent } from './one-shot-child.ts';

/** Enough to touch every weight. */
const warmUpTokens = 16;

serveParent(
  async ({
    engine: options,
    pictureSizes,
    prefillTokens,
    decodeTokens,
  }: MeasureRequest): Promise<EngineRates> => {
    const addon = loadAddon();
    const failure = loadCpuModule(addon, options.cpuModule);
    if (failure !== null) throw new Error(failure);
    const engine = await loadEngine(addon, options);
    try {
      const timed = async (work: () => Promise<unknown>): Promise<number> => {
        const startedAt = performance.now();
        await work();
        return performance.now() - startedAt;
      };
      const encode = squareTimer(engine, options.detail, pictureSizes);
      // The first run of each fills caches and allocates.
      await encode();
      const encodeMs = await encode();
      engine.clear();
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

/** Encodes one square, or where libmtmd cuts the pictures a whole one, and returns the milliseconds of a square. */
function squareTimer(
  engine: MtmdEngine,
  detail: Detail,
  pictureSizes: readonly Size[],
): () => Promise<number> {
  const { imageSize } = engine.info.vision;
  if (encodesSquares(engine.info)) {
    const square = noise(imageSize, imageSize);
    return async () => {
      const startedAt = performance.now();
      await engine.encodeTile(square);
      return performance.now() - startedAt;
    };
  }
  const tokensOf = (size: Size): number => countPictureTokens(engine, detail, size);
  const largest = pictureSizes.reduce((max, size) => (tokensOf(size) > tokensOf(max) ? size : max));
  const squares = countPatches(engine, detail, largest).length;
  const picture = { ...largest, rgb: noise(largest.width, largest.height) };
  return async () => {
    engine.clear();
    const { encodeMs } = await engine.decodePicture(picture);
    return encodeMs / squares;
  };
}

/** The cost does not depend on the content. */
function noise(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 2_654_435_761) >>> 24);
}

/** Skips the control tokens, which come first in most vocabularies. */
function someTokens(count: number, vocabularySize: number): Int32Array {
  return Int32Array.from(
    { length: count },
    (_, at) => Math.floor(vocabularySize / 2) + (at % Math.floor(vocabularySize / 4)),
  );
}
