import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { details } from '../domain/detail.ts';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { modelNamePattern, parseAddress } from './hub-address.ts';

const fileSchema = z.strictObject({
  file: z.string().regex(/^[A-Za-z0-9][\w.+-]*\.gguf$/, 'must be the name of a .gguf file'),
  sizeBytes: z.int().positive().nullable(),
  /** Only a rounded size is published. */
  approximate: z.boolean().default(false),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .nullable(),
});

const sourceSchema = z
  .strictObject({
    at: z
      .string()
      .regex(/^(?:hf|modelscope):[\w.-]+\/[\w.-]+$/, 'must be hf:owner/repo or modelscope:owner/repo'),
    text: fileSchema,
    mmproj: fileSchema.refine(
      ({ file }) => file.includes('mmproj'),
      'must have "mmproj" in its name, which tells the projector from the text model',
    ),
  })
  .refine(({ text }) => !text.file.includes('mmproj'), 'text: must not have "mmproj" in its name');

const entrySchema = z.strictObject({
  name: z.string().regex(modelNamePattern),
  title: z.string().min(1),
  engine: z.enum(['llava-1.5', 'llava-1.6', 'mtmd']),
  /** Of the text model. */
  quant: z.string().min(1),
  /** The vision tower's type, as published. */
  tower: z.enum(['F16', 'Q8_0']),
  /** Null: the one inside the text GGUF. */
  template: z.enum(['vicuna', 'mistral', 'yi', 'llama3', 'moondream', 'obsidian']).nullable(),
  licence: z.string().min(1),
  languages: z.string().min(1),
  contextTokens: z.int().positive(),
  kv: z.strictObject({ layers: z.int().positive(), width: z.int().positive() }),
  /** Of embeddings of which a token reads one row. */
  lookedUpBytes: z.int().nonnegative().default(0),
  sources: z.array(sourceSchema).min(1),
});

const count = z.int().positive();
const transformerSchema = z.strictObject({ blocks: count, attentionWidth: count, weights: count });

/** What `npm run docs:catalogue` measures of a model's shape; see ModelShapes and DetailSizing. */
const shapeSchema = z.strictObject({
  /** libmtmd's name. */
  projector: z.string(),
  text: transformerSchema,
  tower: transformerSchema,
  projectorWeights: count,
  /** A picture of 1280x720 at each level of detail, the finest first. */
  pictures: z
    .array(z.strictObject({ detail: z.enum(details), imageTokens: count, squares: z.array(count).min(1) }))
    .min(1),
});

const catalogueSchema = z.array(entrySchema).superRefine((entries, context) => {
  const names = entries.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index)))
    context.addIssue({ code: 'custom', message: `${name}: duplicate name` });
});

export type CatalogueShape = z.infer<typeof shapeSchema>;
/** A model of the catalogue: the sources of its files, and its needs. `shape` null: not known. */
export type CatalogueEntry = z.infer<typeof entrySchema> & { readonly shape: CatalogueShape | null };
export type CatalogueSource = CatalogueEntry['sources'][number];

/** The estimated memory of a model, in bytes. See {@link ramNeedOf}. */
export interface RamNeed {
  readonly weightsBytes: number;
  readonly kvBytes: number;
  readonly buffersBytes: number;
  readonly totalBytes: number;
}

/** Compute buffers of the text model and the vision tower, and the process itself: a flat estimate. */
const buffersBytes = 512 * 1024 * 1024;

/**
 * Reads the catalogue, the least capable model first.
 * @throws ConfigError with the file, the entry and what is wrong with it.
 */
export function loadCatalogue(path = new URL('catalogue.yaml', import.meta.url)): CatalogueEntry[] {
  const entries = read(path, catalogueSchema);
  // Check the addresses too, so that a wrong one fails here and not in a pull.
  for (const { sources } of entries)
    for (const { at, text, mmproj } of sources)
      for (const { file } of [text, mmproj]) parseAddress(`${at}/${file}`);
  const shapes = read(new URL('catalogue-shapes.json', import.meta.url), z.record(z.string(), shapeSchema));
  return entries.map((entry) => ({ ...entry, shape: shapes[entry.name] ?? null }));
}

function read<Data>(path: URL, schema: z.ZodType<Data>): Data {
  let data: unknown;
  try {
    data = parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
  const result = schema.safeParse(data);
  if (!result.success) throw new ConfigError(`${path}: ${z.prettifyError(result.error)}`);
  return result.data;
}

/** The bytes of both files of a source; null if a size is not published. */
export function sizeOf({ text, mmproj }: CatalogueSource): number | null {
  return text.sizeBytes === null || mmproj.sizeBytes === null ? null : text.sizeBytes + mmproj.sizeBytes;
}

/**
 * Estimates the memory of a model: its two files, the KV cache in F16 (2 x layers x width x 2 bytes a token) at the
 * catalogue's context, and a flat estimate for buffers. Null if the files' sizes are unknown.
 */
export function ramNeedOf({ sources, kv, contextTokens }: CatalogueEntry): RamNeed | null {
  const weightsBytes = sizeOf(sources[0]!);
  if (weightsBytes === null) return null;
  const kvBytes = 4 * kv.layers * kv.width * contextTokens;
  return { weightsBytes, kvBytes, buffersBytes, totalBytes: weightsBytes + kvBytes + buffersBytes };
}
