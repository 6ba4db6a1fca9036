import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../domain/errors.ts';
import { backendsDir, type MtmdAddon } from './addon.ts';

// Which of ggml's CPU modules is used: one of ours (native/cpu), tuned to a kind of ARM core, or the one of
// node-llama-cpp's that ggml itself finds best.

/**
 * Those that were found to do less than the prebuilt ones, the best first; a76 and a72 do not with K quants
 * (native/cpu/README.md). Features as src/board/board.ts names them.
 */
const modules: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: 'a720', needs: ['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm'] },
];

/** Where scripts/build-cpu.sh puts our modules. */
export const cpuModulesDir = fileURLToPath(new URL('../../../build/native/cpu', import.meta.url));

/** The path our best module for a processor has, or would have; null where none does (x86, A76). */
export function suitableCpuModule(features: readonly string[], folder = cpuModulesDir): string | null {
  const module = modules.find(({ needs }) => needs.every((need) => features.includes(need)));
  return module ? join(folder, `libggml-cpu-${module.name}.so`) : null;
}

/**
 * The module of `folder` for a processor with these features (asimd, fp16, dotprod, bf16, i8mm); null where none suits
 * or the one that does is not built. A lesser one of ours is no choice then: node-llama-cpp's are better.
 */
export function chooseCpuModule(features: readonly string[], folder = cpuModulesDir): string | null {
  const path = suitableCpuModule(features, folder);
  return path !== null && existsSync(path) ? path : null;
}

/**
 * Loads `module`, or where it is null or cannot be loaded (another version of ggml, instructions that the processor has
 * not) the best one of node-llama-cpp's.
 * @returns why `module` was not loaded; null where it was, or none was wanted
 * @throws BACKEND_MISSING, BACKEND_LOADED
 */
export function loadCpuModule(addon: MtmdAddon, module: string | null): string | null {
  if (module !== null) {
    try {
      addon.loadBackends(module);
      return null;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'BACKEND_MISSING')) throw error;
      addon.loadBackends(backendsDir());
      return messageOf(error);
    }
  }
  addon.loadBackends(backendsDir());
  return null;
}
