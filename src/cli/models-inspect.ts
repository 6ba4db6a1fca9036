import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError, EngineError, messageOf } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import type { Size } from '../domain/frame.ts';
import { findMmproj, locateModel, wholeGguf } from '../models/installed/locate.ts';
import { readMmprojHeader } from '../models/installed/mmproj-header.ts';
import { inspectModel } from '../vision/one-shot/inspect-model.ts';
import type { ModelFacts } from '../vision/one-shot/inspect-request.ts';

export interface InspectFlags {
  readonly mmproj?: string;
  readonly size?: readonly Size[];
  readonly template?: string;
}

/** A model's metadata; names as in the JSON of `models show FILE`. */
export interface Inspection {
  readonly text: string;
  readonly mmproj: string | null;
  readonly name: string;
  readonly architecture: string;
  readonly quant: string;
  readonly parameters: number;
  readonly size_bytes: number;
  readonly tokenizer: string;
  readonly vocabulary_size: number;
  readonly trained_context: number;
  readonly projector: {
    readonly type: string;
    /** The type of most of its weights. */
    readonly quant: string | null;
    readonly image_size: number;
    readonly patch_size: number;
    readonly grid_pinpoints: readonly (readonly [number, number])[];
    readonly image_newline: boolean;
    readonly mrope: boolean;
    readonly size_bytes: number;
  } | null;
  readonly template: ModelFacts['template'];
  /** By size, then by detail: context cells that a picture takes. */
  readonly image_tokens: Readonly<Record<string, Readonly<Record<string, number>>>> | null;
}

const usualSizes: readonly Size[] = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];

/** Whether the argument of `models show` is a file or folder rather than a model's name. */
export async function isModelPath(target: string): Promise<boolean> {
  if (/\.gguf$/i.test(target)) return true;
  return target.includes('/') && (await stat(target).catch(() => null)) !== null;
}

/**
 * Reads a model's files: a text GGUF (with the mmproj next to it, or the given one), or a folder with both.
 * @throws ConfigError that names the file and its fault.
 */
export async function inspect(path: string, flags: InspectFlags, signal: AbortSignal): Promise<Inspection> {
  const files = await filesOf(resolve(path), flags.mmproj);
  const sizes = flags.size ?? usualSizes;
  try {
    const request = { ...files, chatTemplate: flags.template ?? null, sizes };
    const header = files.mmprojPath === null ? null : await readMmprojHeader(files.mmprojPath);
    return inspectionOf(files, header?.type ?? null, await inspectModel(request, signal));
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.code === 'CANCELLED') throw cause;
    if (cause.code === 'ENGINE_DIED') {
      throw new ConfigError(`${files.textPath}: llama.cpp cannot read it: ${messageOf(cause)}`, { cause });
    }
    throw new ConfigError(cause.message, { cause });
  }
}

async function filesOf(
  path: string,
  mmproj: string | undefined,
): Promise<{ textPath: string; mmprojPath: string | null }> {
  if ((await stat(path).catch(() => null))?.isDirectory()) {
    const found = await locateModel(path);
    return { textPath: found.text, mmprojPath: mmproj === undefined ? found.mmproj : resolve(mmproj) };
  }
  const mmprojPath = mmproj === undefined ? await findMmproj(dirname(path)) : resolve(mmproj);
  return {
    textPath: await wholeGguf(path),
    mmprojPath: mmprojPath && (await wholeGguf(mmprojPath)),
  };
}

function inspectionOf(
  { textPath, mmprojPath }: { readonly textPath: string; readonly mmprojPath: string | null },
  towerQuant: string | null,
  { text, vision, template, pictures }: ModelFacts,
): Inspection {
  return {
    text: textPath,
    mmproj: mmprojPath,
    name: text.name,
    architecture: text.architecture,
    quant: text.quant,
    parameters: text.parameters,
    size_bytes: text.sizeBytes,
    tokenizer: text.tokenizer,
    vocabulary_size: text.vocabularySize,
    trained_context: text.trainedContextSize,
    projector: vision && {
      type: vision.projectorType,
      quant: towerQuant,
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      grid_pinpoints: vision.gridPinpoints,
      image_newline: vision.hasImageNewline,
      mrope: vision.usesMrope,
      size_bytes: vision.sizeBytes,
    },
    template,
    image_tokens:
      pictures &&
      Object.fromEntries(pictures.map(({ size, tokens }) => [`${size.width}x${size.height}`, tokens])),
  };
}

/** The inspection as text. */
export function inspectionText(model: Inspection): string {
  const { projector, template, image_tokens: imageTokens } = model;
  const facts: [string, string][] = [
    ['name', model.name || '(none)'],
    ['text', `${model.architecture}, ${model.quant}, ${formatCount(model.parameters)} parameters`],
    ['size', formatBytes(model.size_bytes)],
    ['context', `${model.trained_context} tokens as trained`],
    ['tokens', `${model.vocabulary_size}, tokeniser "${model.tokenizer}"`],
    [
      'projector',
      projector === null
        ? 'not found; pass it with --mmproj'
        : `${projector.type}, ${projector.quant ?? '?'}, squares of ${projector.image_size} pixels in patches of ${projector.patch_size}, ${formatBytes(projector.size_bytes)}`,
    ],
    ['template', `${template.family ?? 'Jinja'}: ${template.reason}`],
  ];
  const rows = Object.entries(imageTokens ?? {}).map(([size, tokens]) => {
    const counts = Object.entries(tokens).map(([detail, count]) => `${detail} ${count}`);
    return `  ${size.padEnd(9)} ${counts.join(', ')}`;
  });
  return [
    model.text,
    ...facts.map(([key, value]) => `  ${key.padEnd(9)} ${value}`),
    ...(rows.length > 0 ? ['image tokens, by size and detail:', ...rows] : []),
  ].join('\n');
}

function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} million` : String(count);
}
