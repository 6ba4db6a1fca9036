import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { parseCpuinfo } from '../board/cpuinfo.ts';
import { details } from '../domain/detail.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';
import { stateFolder } from '../domain/state-folder.ts';
import { partPathsOf } from '../models/installed/locate.ts';
import { KeyedFile } from '../system/keyed-file.ts';
import { stateFault } from '../system/state-access.ts';
import { addonPath, backendsDir } from '../vision/native/addon.ts';
import { sizeModel } from '../vision/one-shot/size-model.ts';
import type { SizeRequest } from '../vision/one-shot/size-request.ts';

const bytes = z.int().nonnegative();
const count = z.int().nonnegative();
const transformer = z.strictObject({
  blocks: count,
  attentionWidth: count,
  weights: count,
  weightType: z.string(),
});
const sizingSchema: z.ZodType<ModelSizing> = z.strictObject({
  name: z.string(),
  quant: z.string(),
  cpuModule: z.string(),
  parameters: count,
  shapes: z.strictObject({ text: transformer, tower: transformer, projectorWeights: count }),
  textBytes: bytes,
  mmprojBytes: bytes,
  width: count,
  trainedContextSize: count,
  weightsBytes: bytes,
  repackedWeightsBytes: bytes,
  details: z
    .array(
      z.strictObject({
        detail: z.enum(details),
        imageTokens: count,
        squares: z.array(count),
        changed: z.strictObject({ imageTokens: count, squares: z.array(count) }).optional(),
        limit: z.strictObject({ wholeTokens: count, fixedTokens: count }).optional(),
        visionBytes: bytes,
      }),
    )
    .min(1),
  freeTurnTokens: count,
  typedTurnTokens: count,
  turnGroups: z.array(z.strictObject({ tokens: count, freeAnswers: count, earlierPictures: count })),
  ubatchSize: count,
  contexts: z
    .array(
      z.strictObject({
        kvType: z.enum(['f16', 'q8_0']),
        fixedBytes: z.number(),
        bytesPerToken: z.number(),
        kvBytesPerToken: z.number(),
      }),
    )
    .min(1),
});

/** Of a few models, and of a config that was changed and changed back. */
const maxKept = 8;
const visionFolder = fileURLToPath(new URL('../vision', import.meta.url));
const grammarPath = fileURLToPath(new URL('../domain/answer-grammar.ts', import.meta.url));

/**
 * The model's sizing, from `sizing.json` in the state folder if nothing that it depends on has changed since: the process
 * that computes it takes as long to start as the engine's.
 * @throws as `sizeModel`
 */
export async function keptSizing(request: SizeRequest, signal?: AbortSignal): Promise<ModelSizing> {
  const kept = new KeyedFile(join(stateFolder(process.env), 'sizing.json'), sizingSchema, maxKept);
  const key = await keyOf(request);
  const known = await kept.read(key);
  if (known) return known;
  const sizing = await sizeModel(request, signal);
  // A folder that cannot be written only costs time at the next start; a file of root's in it would not be the service's.
  if (stateFault('write') === null) await kept.write(key, sizing).catch(() => {});
  return sizing;
}

/** A digest of the job, the model's files, the code and libraries, and the CPU. */
async function keyOf(request: SizeRequest): Promise<string> {
  const folders = ['.', 'native', 'one-shot', 'picture', 'prompt'].map((name) => join(visionFolder, name));
  const modules = [backendsDir(), ...(request.cpuModule === null ? [] : [dirname(request.cpuModule)])];
  const files = [...partPathsOf(request.textPath), request.mmprojPath, addonPath, grammarPath];
  const parts = [
    ...[packageJson.version, request, await cpuFeatures()],
    await Promise.all(files.map(fileId)),
    await Promise.all([...folders, ...modules].map(folderId)),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** They decide which prebuilt CPU module is loaded, and so which weights are repacked. */
async function cpuFeatures(): Promise<string> {
  const { cpus, fieldsOf } = parseCpuinfo(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
  const fields = fieldsOf(cpus[0] ?? 0);
  return fields.get('flags') ?? fields.get('Features') ?? '';
}

async function folderId(path: string): Promise<readonly unknown[]> {
  const names = await readdir(path).catch(() => []);
  return Promise.all(names.sort().map((name) => fileId(join(path, name))));
}

/** Null: missing. */
async function fileId(path: string): Promise<readonly unknown[] | null> {
  return stat(path).then(
    ({ ino, size, mtimeMs }) => [path, ino, size, mtimeMs],
    () => null,
  );
}
