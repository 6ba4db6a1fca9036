/**
 * Measures the peak memory of a conversion: creates a checkpoint of random weights, converts it in a child process, and
 * prints that process's peak resident memory (VmHWM) as JSON.
 *
 *   node tools/bench/convert-memory.ts [--gigabytes 2] [--dtype BF16|F16|F32] [--folder DIR]
 *
 * Needs twice the checkpoint's size on the disk of DIR (default: the system's folder for temporary files).
 */
import { spawnSync } from 'node:child_process';
import { type FileHandle, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { convertCheckpoint } from '../../src/models/convert/convert-checkpoint.ts';

const { values: flags } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '2' },
    dtype: { type: 'string', default: 'BF16' },
    folder: { type: 'string', default: tmpdir() },
    child: { type: 'boolean', default: false },
  },
});
const vision = { width: 1024, feedForward: 4096, blocks: 24, heads: 16, imageSize: 336, patchSize: 14 };
const text = { width: 4096, feedForward: 11_008, heads: 32, vocabularySize: 32_000 };

/** Vicuna 7B's shapes, with as many blocks as the size requires. */
function shapes(blocks: number): [name: string, shape: number[]][] {
  const { width, feedForward, vocabularySize } = text;
  const tower = 'model.vision_tower.vision_tower.vision_model';
  const withBias = (name: string, outputs: number, inputs: number): [string, number[]][] => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  const norm = (name: string): [string, number[]][] => [
    [`${name}.weight`, [vision.width]],
    [`${name}.bias`, [vision.width]],
  ];
  const visionBlock = (layer: string): [string, number[]][] => [
    ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((part) =>
      withBias(`${layer}.self_attn.${part}`, vision.width, vision.width),
    ),
    ...withBias(`${layer}.mlp.fc1`, vision.feedForward, vision.width),
    ...withBias(`${layer}.mlp.fc2`, vision.width, vision.feedForward),
    ...norm(`${layer}.layer_norm1`),
    ...norm(`${layer}.layer_norm2`),
  ];
  const textBlock = (layer: string): [string, number[]][] => [
    ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((part): [string, number[]] => [
      `${layer}.self_attn.${part}.weight`,
      [width, width],
    ]),
    [`${layer}.mlp.gate_proj.weight`, [feedForward, width]],
    [`${layer}.mlp.up_proj.weight`, [feedForward, width]],
    [`${layer}.mlp.down_proj.weight`, [width, feedForward]],
    [`${layer}.input_layernorm.weight`, [width]],
    [`${layer}.post_attention_layernorm.weight`, [width]],
  ];
  return [
    ['model.image_newline', [width]],
    [`${tower}.embeddings.class_embedding`, [vision.width]],
    [`${tower}.embeddings.patch_embedding.weight`, [vision.width, 3, vision.patchSize, vision.patchSize]],
    [`${tower}.embeddings.position_embedding.weight`, [577, vision.width]],
    ...norm(`${tower}.pre_layrnorm`),
    ...Array.from({ length: vision.blocks }, (_, block) =>
      visionBlock(`${tower}.encoder.layers.${block}`),
    ).flat(),
    ...withBias('model.mm_projector.0', width, vision.width),
    ...withBias('model.mm_projector.2', width, width),
    ['model.embed_tokens.weight', [vocabularySize, width]],
    ...Array.from({ length: blocks }, (_, block) => textBlock(`model.layers.${block}`)).flat(),
    ['model.norm.weight', [width]],
    ['lm_head.weight', [vocabularySize, width]],
  ];
}

const elements = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

async function writeCheckpoint(folder: string): Promise<void> {
  const elementBytes = flags.dtype === 'F32' ? 4 : 2;
  const sizeOf = (blocks: number): number =>
    shapes(blocks).reduce((sum, [, shape]) => sum + elements(shape), 0) * elementBytes;
  let blocks = 1;
  while (sizeOf(blocks) < Number(flags.gigabytes) * 1e9) blocks++;
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, shape] of shapes(blocks)) {
    const end = offset + elements(shape) * elementBytes;
    header[name] = { dtype: flags.dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  await mkdir(folder);
  await using file = await open(join(folder, 'model.safetensors'), 'w');
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await file.write(Buffer.concat([length, json]));
  await writeNoise(file, offset, elementBytes);
  await writeFile(join(folder, 'config.json'), JSON.stringify(configOf(blocks)));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer()));
}

/** Small random numbers: fixed exponent bits, random mantissa and sign. */
async function writeNoise(file: FileHandle, sizeBytes: number, elementBytes: number): Promise<void> {
  const block = Buffer.alloc(16 << 20);
  let seed = 1;
  for (let at = 0; at < block.length; at += elementBytes) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    if (elementBytes === 4) block.writeUInt32LE((seed & 0x807fffff) + 0x3c000000, at);
    else if (flags.dtype === 'F16') block.writeUInt16LE(((seed >>> 16) & 0x83ff) + 0x2400, at);
    else block.writeUInt16LE(((seed >>> 16) & 0x807f) + 0x3c00, at);
  }
  for (let done = 0; done < sizeBytes; done += block.length)
    await file.write(block.subarray(0, Math.min(block.length, sizeBytes - done)));
}

function configOf(blocks: number): unknown {
  return {
    architectures: ['LlavaLlamaForCausalLM'],
    hidden_size: text.width,
    intermediate_size: text.feedForward,
    num_hidden_layers: blocks,
    num_attention_heads: text.heads,
    vocab_size: text.vocabularySize,
    image_aspect_ratio: 'anyres',
    image_grid_pinpoints: [[672, 672]],
    mm_patch_merge_type: 'spatial_unpad',
    mm_projector_type: 'mlp2x_gelu',
    mm_vision_select_layer: -2,
    mm_vision_tower: 'openai/clip-vit-large-patch14-336',
  };
}

/** As many tokens as Vicuna has. */
function tokenizer(): unknown {
  const vocab: Record<string, number> = { '<unk>': 0 };
  for (let id = 1; id < text.vocabularySize; id++) vocab[`token${id}`] = id;
  return { model: { type: 'BPE', byte_fallback: true, vocab, merges: ['token 1'] } };
}

/** Converts, and prints this process's peak. */
async function convert(folder: string): Promise<void> {
  const started = performance.now();
  const { files } = await convertCheckpoint({
    checkpoint: join(folder, 'checkpoint'),
    visionTower: null,
    name: 'generated',
    outtype: 'F16',
    outFolder: join(folder, 'out'),
    quant: null,
    quantMmproj: null,
    force: false,
    quantize: () => Promise.reject(new Error('nothing is quantised here')),
  });
  const peakKib = Number(/VmHWM:\s*(\d+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1]);
  const result = {
    checkpoint_bytes: (await stat(join(folder, 'checkpoint/model.safetensors'))).size,
    dtype: flags.dtype,
    written_bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    seconds: Math.round((performance.now() - started) / 100) / 10,
    peak_rss_mib: Math.round(peakKib / 1024),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function main(): Promise<void> {
  if (flags.child) return convert(flags.folder);
  const folder = await mkdtemp(join(flags.folder, 'scenecast-convert-memory-'));
  try {
    await writeCheckpoint(join(folder, 'checkpoint'));
    const args = [import.meta.filename, '--child', '--folder', folder, '--dtype', flags.dtype];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    process.exitCode = status ?? 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}

await main();
