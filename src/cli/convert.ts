import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { Command, InvalidArgumentError } from 'commander';
import {
  type ConvertProgress,
  convertCheckpoint,
  type QuantizeFile,
} from '../models/convert/convert-checkpoint.ts';
import type { FloatType } from '../models/convert/gguf-writer.ts';
import { type QuantType, quantBits, quantTypeOf } from '../models/convert/quant-types.ts';
import { quantizeFile } from '../vision/one-shot/quantize.ts';
import { drawBar } from './progress-bar.ts';

interface Flags {
  readonly out: string;
  readonly quant: QuantType | 'F16';
  readonly quantMmproj: QuantType | 'F16';
  readonly outtype: FloatType;
  readonly visionTower?: string;
  readonly name?: string;
  readonly force?: true;
  readonly json?: true;
}

/** `scenecast convert CHECKPOINT`: converts a published LLaVA checkpoint to the two GGUF files that the engine loads. */
export function convertCommand(signal: AbortSignal): Command {
  return new Command('convert')
    .description('convert a LLaVA 1.5 or 1.6 checkpoint (safetensors) to GGUF files')
    .argument('<checkpoint>', 'folder of the checkpoint, in the original or the -hf layout')
    .requiredOption('--out <folder>', 'output folder')
    .option(
      '--quant <type>',
      `quantise the text model: F16 (not quantised), ${Object.keys(quantBits).join(', ')}`,
      parseQuant,
      'F16',
    )
    .option(
      '--quant-mmproj <type>',
      'quantise the vision tower and projector: F16 (not quantised), Q8_0 or Q4_0',
      parseMmprojQuant,
      'Q8_0',
    )
    .option(
      '--outtype <type>',
      "type of the text model's matrices if not quantised: f16, bf16 or f32",
      parseOuttype,
      'F16',
    )
    .option('--vision-tower <folder>', 'folder of the CLIP vision tower, for checkpoints without one')
    .option('--name <name>', "name of the model and its files (default: the checkpoint folder's)", parseName)
    .option('--force', 'overwrite existing files')
    .option('--json', 'print one JSON object at the end')
    .exitOverride()
    .action((checkpoint: string, flags: Flags) => convert(checkpoint, flags, signal));
}

async function convert(checkpoint: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const { files, layout, notes } = await convertCheckpoint({
    checkpoint,
    visionTower: flags.visionTower ?? null,
    name: flags.name ?? null,
    outtype: flags.outtype,
    outFolder: flags.out,
    quant: flags.quant === 'F16' ? null : flags.quant,
    quantMmproj: flags.quantMmproj === 'F16' ? null : flags.quantMmproj,
    force: flags.force ?? false,
    quantize: quantizer(signal),
    onProgress: process.stderr.isTTY ? ({ stage, fraction }) => drawBar(stage, fraction) : lineWriter(),
    signal,
  });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  for (const note of notes) process.stderr.write(`scenecast: note: ${note}\n`);
  if (flags.json) {
    const described = files.map(({ kind, path, type, sizeBytes, tensors }) => ({
      kind,
      path,
      type,
      size_bytes: sizeBytes,
      tensors,
    }));
    process.stdout.write(`${JSON.stringify({ checkpoint, layout, files: described, notes, seconds })}\n`);
    return;
  }
  for (const { path, type, sizeBytes, tensors } of files)
    process.stdout.write(`${path}: ${type}, ${tensors} tensors, ${(sizeBytes / 1e6).toFixed(1)} MB\n`);
}

/** llama.cpp's own quantiser, in a child process. */
function quantizer(signal: AbortSignal): QuantizeFile {
  return (inputPath, outputPath, type) =>
    quantizeFile({ inputPath, outputPath, type, threads: availableParallelism(), signal });
}

/** For logs: a line per stage, and one for each quarter of it. */
function lineWriter(): (progress: ConvertProgress) => void {
  let last = '';
  return ({ stage, fraction }) => {
    const line = fraction === null ? stage : `${stage} ${Math.floor(fraction * 4) * 25} %`;
    if (line !== last) process.stderr.write(`${line}\n`);
    last = line;
  };
}

function parseQuant(name: string): QuantType | 'F16' {
  if (/^(f16|none)$/i.test(name)) return 'F16';
  const type = quantTypeOf(name);
  if (type === null)
    throw new InvalidArgumentError(`It must be one of F16, ${Object.keys(quantBits).join(', ')}.`);
  return type;
}

function parseMmprojQuant(name: string): QuantType | 'F16' {
  const type = parseQuant(name);
  if (type !== 'F16' && type !== 'Q8_0' && type !== 'Q4_0')
    throw new InvalidArgumentError('It must be F16, Q8_0 or Q4_0.');
  return type;
}

function parseOuttype(name: string): FloatType {
  const type = name.toUpperCase();
  if (type !== 'F16' && type !== 'BF16' && type !== 'F32')
    throw new InvalidArgumentError('It must be one of f16, bf16, f32.');
  return type;
}

function parseName(name: string): string {
  if (!/^[\w][\w.+-]*$/.test(name))
    throw new InvalidArgumentError(
      'It must be a file name of letters, digits and . _ + -, starting with a letter or digit.',
    );
  return name;
}
