import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { LoadOptions } from './load-options.ts';
import type { MtmdEngine } from './mtmd-engine.ts';
import type { MtmdVocabularyFile } from './mtmd-vocabulary.ts';

// The native boundary: what native/mtmd exports. Every error it throws or rejects with has an MtmdErrorCode as `code`.

export interface QuantizeOptions {
  /** A text model or an mmproj in F32, F16 or BF16; absolute. */
  readonly inputPath: string;
  /** Overwritten; absolute. */
  readonly outputPath: string;
  /** As llama-quantize names it: Q4_0, Q4_K_M, Q5_K_M, Q6_K, Q8_0, F16 and so on. */
  readonly type: string;
  /** Default 1. */
  readonly threads?: number;
  /** Called with the fraction done, at most a hundred times; with 1 just before the promise resolves. */
  readonly onProgress?: (fraction: number) => void;
}

export type MtmdLogger = (level: 'debug' | 'info' | 'warn' | 'error', text: string) => void;

export interface MtmdAddon {
  /**
   * Loads one of ggml's CPU modules: from a folder the best for this processor, or the given file. Once per process.
   * @throws BACKEND_MISSING, BACKEND_LOADED
   */
  loadBackends(path: string): void;
  /** Checks both files, then loads them. @throws any of the codes up to LOAD_FAILED, BACKEND_MISSING, CANCELLED */
  load(options: LoadOptions): Promise<MtmdEngine>;
  /** Reads a text model's vocabulary and metadata. @throws the codes of a file that cannot be read, LOAD_FAILED */
  loadVocabulary(path: string): Promise<MtmdVocabularyFile>;
  /**
   * Quantises a file with llama.cpp's own quantiser. It cannot be cancelled and may abort the process: see
   * `quantizeFile`.
   * @throws QUANTIZE_FAILED, INVALID_ARGUMENT, or a code of a file that cannot be read
   */
  quantize(options: QuantizeOptions): Promise<void>;
  /** Where the native libraries' logs go; null drops them, which is the default. Once for the whole process. */
  setLogger(logger: MtmdLogger | null): void;
  /** Cancels the running calls and all loads, later ones too: for a process that is about to exit. */
  cancelAll(): void;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const loaded = new Map<string, MtmdAddon>();

/** Where scripts/build-native.sh writes the addon. */
export const addonPath = `${root}build/native/mtmd.node`;

/**
 * Loads the addon (default: `addonPath`).
 * @throws Error that names scripts/build-native.sh if it is not built
 */
export function loadAddon(path = addonPath): MtmdAddon {
  const known = loaded.get(path);
  if (known) return known;
  if (!existsSync(path)) throw new Error(`${path} is missing; build it with scripts/build-native.sh`);
  const addon = createRequire(import.meta.url)(path) as MtmdAddon;
  loaded.set(path, addon);
  // Node waits for running native work before it exits, which could take a whole picture.
  process.once('exit', () => addon.cancelAll());
  return addon;
}

/** Folder of node-llama-cpp's prebuilt libraries and CPU modules for this architecture. */
export function backendsDir(): string {
  const platform = `linux-${process.arch}`;
  return `${root}node_modules/@node-llama-cpp/${platform}/bins/${platform}`;
}
