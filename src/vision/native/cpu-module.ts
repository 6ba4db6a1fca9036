import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, messageOf } from '../../domain/errors.ts';
import { backendsDir, type MtmdAddon } from './addon.ts';

// Chooses ggml's CPU module: one of ours (native/cpu), or the prebuilt one of node-llama-cpp that ggml ranks best.

/** Ours, best first (native/cpu/README.md). Features are named as in src/board/board.ts. */
const modules: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: 'a720', needs: ['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm'] },
  { name: 'a76', needs: ['asimd', 'fp16', 'dotprod'] },
  { name: 'a72', needs: ['asimd'] },
  { name: 'sapphirerapids', needs: ['avx512_bf16', 'amx_int8'] },
  { name: 'cooperlake', needs: ['avx512_bf16'] },
];

/** Where scripts/build-cpu.sh writes our modules. */
export const cpuModulesDir = fileURLToPath(new URL('../../../build/native/cpu', import.meta.url));

/** The path of our best module for a processor, built or not; null if there is none (most of x86). */
export function suitableCpuModule(features: readonly string[], folder = cpuModulesDir): string | null {
  const module = modules.find(({ needs }) => needs.every((need) => features.includes(need)));
  return module ? join(folder, `libggml-cpu-${module.name}.so`) : null;
}

/**
 * The module in `folder` for a processor with these features; null if there is none or it is not built. There is no
 * fallback to a lesser module of ours: node-llama-cpp's are better.
 */
export function chooseCpuModule(features: readonly string[], folder = cpuModulesDir): string | null {
  const path = suitableCpuModule(features, folder);
  return path !== null && existsSync(path) ? path : null;
}

/** Whether a module is one of ours, at whose barriers threads sleep instead of spinning. */
export function isOwnCpuModule(path: string | null): boolean {
  return path !== null && dirname(path) === cpuModulesDir;
}

/**
 * Loads `module`, or node-llama-cpp's best if it is null or cannot be loaded (another version of ggml, instructions
 * that the processor lacks).
 * @returns why `module` was not loaded; null if it was, or if it is null
 * @throws BACKEND_MISSING, BACKEND_LOADED
 */
export function loadCpuModule(addon: MtmdAddon, module: string | null): string | null {
  if (module !== null) {
    try {
      addon.loadBackends(module);
      return null;
    } catch (error) {
      if (codeOf(error) !== 'BACKEND_MISSING') throw error;
      addon.loadBackends(backendsDir());
      return messageOf(error);
    }
  }
  addon.loadBackends(backendsDir());
  return null;
}
