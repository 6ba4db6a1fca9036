import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../domain/errors.ts';
import { readOptionalJson } from './json-file.ts';
import { SafetensorsFile, type StoredTensor } from './safetensors-file.ts';

const indexName = 'model.safetensors.index.json';
const indexSchema = z.object({
  // Names only: a path could lead out of the folder.
  weight_map: z.record(
    z.string(),
    z.string().regex(/^[^/\\]+$/, 'must be the name of a file in this folder'),
  ),
});

/**
 * The tensors of a folder with one model.safetensors or with shards. Tracks which tensors were taken, so that a
 * conversion can detect leftovers.
 */
export class TensorStore {
  readonly folder: string;
  private readonly files: readonly SafetensorsFile[];
  private readonly tensors: ReadonlyMap<string, StoredTensor>;
  private readonly taken = new Set<string>();

  private constructor(
    folder: string,
    files: readonly SafetensorsFile[],
    tensors: ReadonlyMap<string, StoredTensor>,
  ) {
    this.folder = folder;
    this.files = files;
    this.tensors = tensors;
  }

  /**
   * Opens all shards and checks their headers.
   * @throws ConfigError if there are no safetensors, or if a shard or one of its tensors is missing
   */
  static async open(folder: string): Promise<TensorStore> {
    const index = await readOptionalJson(join(folder, indexName), indexSchema);
    const names = index
      ? [...new Set(Object.values(index.weight_map))].sort()
      : unindexedNames(folder, await listFolder(folder));
    const files: SafetensorsFile[] = [];
    try {
      for (const name of names) files.push(await SafetensorsFile.open(join(folder, name)));
      const tensors = new Map(files.flatMap((file) => [...file.tensors]));
      for (const [name, fileName] of Object.entries(index?.weight_map ?? {})) {
        const tensor = files[names.indexOf(fileName)]!.tensors.get(name);
        if (!tensor)
          throw new ConfigError(
            `${join(folder, fileName)}: tensor ${name}, listed in ${indexName}, is missing; ` +
              'download the checkpoint again',
          );
        tensors.set(name, tensor);
      }
      return new TensorStore(folder, files, tensors);
    } catch (error) {
      await Promise.all(files.map((file) => file.close()));
      throw error;
    }
  }

  /** The prefix of the one tensor whose name ends with `suffix`; null if none does. */
  prefixOf(suffix: string): string | null {
    const names = [...this.tensors.keys()].filter((name) => name === suffix || name.endsWith(`.${suffix}`));
    if (names.length > 1)
      throw new ConfigError(
        `${this.folder}: ${names.join(' and ')}: a LLaVA checkpoint has only one ${suffix}`,
      );
    return names[0] === undefined ? null : names[0].slice(0, -suffix.length);
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /** Rows of a matrix, for sizes that the config does not have; null if it is missing. */
  rowsOf(name: string): number | null {
    return this.tensors.get(name)?.shape[0] ?? null;
  }

  /**
   * The tensor of this name.
   * @param shape the required shape, slowest dimension first
   * @throws ConfigError if it is missing or has another shape
   */
  take(name: string, shape: readonly number[]): StoredTensor {
    const tensor = this.tensors.get(name);
    if (!tensor)
      throw new ConfigError(
        `${this.folder}: tensor ${name}, required by config.json, is missing; download the checkpoint again`,
      );
    if (tensor.shape.join() !== shape.join())
      throw new ConfigError(
        `${tensor.path}: tensor ${name} is ${tensor.shape.join('x')}, config.json requires ${shape.join('x')}`,
      );
    this.taken.add(name);
    return tensor;
  }

  /** Names of the tensors not taken, in the files' order. */
  untaken(): string[] {
    return [...this.tensors.keys()].filter((name) => !this.taken.has(name));
  }

  async close(): Promise<void> {
    await Promise.all(this.files.map((file) => file.close()));
  }
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new ConfigError(`${folder}: not a readable folder: ${messageOf(cause)}`, { cause });
  }
}

/** The safetensors of a folder without an index. */
function unindexedNames(folder: string, names: readonly string[]): string[] {
  if (names.includes('model.safetensors')) return ['model.safetensors'];
  const shards = names.filter((name) => /^model-\d+-of-\d+\.safetensors$/.test(name)).sort();
  const count = Number(/-of-(\d+)/.exec(shards[0] ?? '')?.[1]);
  if (shards.length > 0 && shards.length < count)
    throw new ConfigError(
      `${folder}: only ${shards.length} of ${count} shards found (${shards.join(', ')}); ` +
        'download the checkpoint again',
    );
  if (shards.length > 0) return shards;
  const pickle = names.find((name) => /\.(bin|pth?|ckpt)$/.test(name));
  throw new ConfigError(
    pickle === undefined
      ? `${folder}: holds no model.safetensors`
      : `${folder}: holds no model.safetensors, only ${pickle}; pickles are not read, as they can run code; use a ` +
          'checkpoint in safetensors (the -hf one includes the vision tower)',
  );
}
