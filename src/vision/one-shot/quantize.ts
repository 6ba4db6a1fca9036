import { rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EngineError } from '../../domain/errors.ts';
import { syncToDisk } from '../../system/sync-to-disk.ts';
import type { QuantizeOptions } from '../native/addon.ts';
import { runInChild } from './one-shot-child.ts';

export interface QuantizeFileOptions extends Omit<QuantizeOptions, 'threads'> {
  readonly threads: number;
  readonly signal?: AbortSignal;
}

/**
 * Quantises a GGUF file with llama.cpp's own quantiser, in a process of its own. Writes to `<outputPath>.part`, which is
 * renamed once it is complete and synced.
 * @throws EngineError: the codes of `MtmdAddon.quantize`, CANCELLED, or ENGINE_DIED if the process crashed
 */
export async function quantizeFile(options: QuantizeFileOptions): Promise<void> {
  const { type, threads, signal, onProgress } = options;
  const inputPath = resolve(options.inputPath);
  const outputPath = resolve(options.outputPath);
  if (inputPath === outputPath) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `${inputPath} cannot be quantised onto itself; choose another output file`,
    );
  }
  const partPath = `${outputPath}.part`;
  const worker = new URL('./quantize-worker.ts', import.meta.url);
  const request = { inputPath, outputPath: partPath, type, threads };
  try {
    await runInChild(worker, 'quantisation', request, { signal, onProgress });
    await syncToDisk(partPath);
    await rename(partPath, outputPath);
    await syncToDisk(dirname(outputPath));
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
}
