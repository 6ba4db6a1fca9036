/**
 * Runs inside the emulator, with count-blocks.so: prefills one prompt and, with `encode`, encodes one picture tile.
 * The plugin writes PREFIX.1 for the prompt and PREFIX.2 for the tile; this script writes PREFIX.maps, the address map.
 *
 *   node tools/arm64/prefill.ts PREFIX CPU-MODULE TEXT-MODEL MMPROJ TOKENS [encode]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadAddon } from '../../src/vision/native/addon.ts';
import { loadCpuModule } from '../../src/vision/native/cpu-module.ts';

const [prefix, cpuModule, textPath, mmprojPath, tokens, encode] = process.argv.slice(2);
const count = Number(tokens);
const addon = loadAddon();
const failure = loadCpuModule(addon, cpuModule!);
if (failure !== null) throw new Error(failure);
const engine = await addon.load({
  ...{ textPath: textPath!, mmprojPath: mmprojPath!, contextSize: count + 64, flashAttention: 'on' },
  // One thread: others would spin while waiting, which would be counted too.
  threads: 1,
});
const { vocabularySize } = engine.info.text;
const prompt = Int32Array.from({ length: count }, (_, index) => 3 + ((index * 7919) % (vocabularySize - 3)));
const { imageSize } = engine.info.vision;
const tile = Uint8Array.from({ length: imageSize ** 2 * 3 }, (_, index) => (index * index * 31) % 256);

process.umask(0o010);
await engine.decodeTokens(prompt, { logitsLast: true });
process.umask(0o011);
if (encode) {
  process.umask(0o010);
  await engine.encodeTile(tile);
  process.umask(0o012);
}
writeFileSync(`${prefix}.maps`, readFileSync('/proc/self/maps'));
// The first token shows that the computation was correct.
process.stdout.write(`${JSON.stringify({ module: engine.info.cpu.module, first: engine.sample() })}\n`);
await engine.close();
