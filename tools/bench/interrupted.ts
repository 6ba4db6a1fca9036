/**
 * Measures what is saved of work that was done before: how soon the engine stops when a request interrupts it, what an
 * interrupted picture costs when its turn comes again, and what pictures cost of which some tiles stay the same.
 *
 *   npm run bench:interrupted [-- --model 350m-q8_0]   a model of tools/bench/speed/models.ts; about two minutes
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { modelSchema } from '../../src/config/schema.ts';
import { defaultPrompt } from '../../src/domain/default-prompt.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { setUpEngine } from '../../src/setup/engine.ts';
import { loadAddon } from '../../src/vision/native/addon.ts';
import { loadCpuModule } from '../../src/vision/native/cpu-module.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { loadEngine } from '../../src/vision/process/load-engine.ts';
import { benchModels, filesOf } from './speed/models.ts';

const size = { width: 1280, height: 720 } as const;
const cancelsPerPhase = 8;
const never = new AbortController().signal;

const { values } = parseArgs({ options: { model: { type: 'string', default: '350m-q8_0' } } });
const model = benchModels.find(({ name }) => name === values.model);
if (!model)
  throw new RangeError(
    `--model: must be one of ${benchModels.map(({ name }) => name).join(', ')} (it is ${values.model})`,
  );

const files = await filesOf(model);
const config = modelSchema.parse({ path: files.text, max_tokens: model.maxTokens });
const job = { pictureSizes: [size], prompts: [defaultPrompt], questions: [] };
const { options } = await setUpEngine(config, files, job);
const addon = loadAddon();
loadCpuModule(addon, options.cpuModule);
const engine = await loadEngine(addon, options);
const describer = new PictureDescriber(engine, options, { name: model.name, quant: '', build: '' });
const describe = (picture: Picture, signal = never, onGenerating?: () => void) =>
  describer.describe({ picture, prompt: defaultPrompt, questions: [] }, signal, { onGenerating });

let scenes = 0;
/** A picture that was not there before. */
async function newPicture(): Promise<Picture> {
  return { size, bytes: await drawScene(sampleScene(930_000 + scenes++, size)) };
}

/** Cancels a description after a time, or that long after it began to generate; resolves with the time it took to stop. */
async function stopMs(picture: Picture, afterMs: number, isGenerating: boolean): Promise<number> {
  const abort = new AbortController();
  let cancelledAt = Number.NaN;
  abort.signal.addEventListener('abort', () => engine.cancel());
  const cancel = async (): Promise<void> => {
    await sleep(afterMs);
    cancelledAt = performance.now();
    abort.abort();
  };
  if (!isGenerating) void cancel();
  await describe(picture, abort.signal, () => isGenerating && void cancel()).catch(() => {});
  return performance.now() - cancelledAt;
}

function show(name: string, ...stops: number[]): void {
  const sorted = stops.toSorted((a, b) => a - b);
  const [median, longest] = [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
  console.log(`${name.padEnd(44)}${median.toFixed(1).padStart(10)} ms${longest.toFixed(1).padStart(10)} ms`);
}

await describe(await newPicture());
const { timings } = await describe(await newPicture());
const { packMs, encodeMs, prefillMs, generateMs } = timings;
console.log(`${model.name}, ${options.threads} threads${''.padEnd(20)}   median      longest`);
show('a description: encode', encodeMs);
show('a description: prefill', prefillMs);
show('a description: generate', generateMs);

/** Moments spread over a phase. */
const spread = (ms: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => (ms * (index + 0.5)) / count);
const stops = { encode: [] as number[], prefill: [] as number[], generate: [] as number[] };
// The first tile only, so that it does not take minutes.
for (const ms of spread(encodeMs / 5, cancelsPerPhase))
  stops.encode.push(await stopMs(await newPicture(), packMs + ms, false));
const interrupted = await newPicture();
await stopMs(interrupted, packMs + encodeMs + prefillMs / 2, false);
// From here on its squares are kept.
for (const ms of spread(prefillMs, cancelsPerPhase))
  stops.prefill.push(await stopMs(interrupted, packMs + ms * 0.95, false));
for (const ms of spread(generateMs, cancelsPerPhase / 2))
  stops.generate.push(await stopMs(interrupted, ms, true));
show('until it stops: encoding', ...stops.encode);
show('until it stops: prefilling', ...stops.prefill);
show('until it stops: generating', ...stops.generate);
show('encode, interrupted before in its prefill', (await describe(interrupted)).timings.encodeMs);

const base = (await newPicture()).bytes;
for (let number = 1; number <= 3; number++) {
  const input = await sharp({
    create: { width: 200, height: 100, channels: 3, background: { r: number * 60, g: 90, b: 30 } },
  })
    .png()
    .toBuffer();
  // In the first and the last of four tiles.
  const patches = [
    { input, left: 200, top: 100 },
    { input, left: 900, top: 500 },
  ];
  const bytes = await sharp(base).composite(patches).png().toBuffer();
  show(
    `encode, two of four tiles the same, picture ${number}`,
    (await describe({ size, bytes })).timings.encodeMs,
  );
}
await engine.close();
