import type { MtmdAddon } from '../native/addon.ts';
import { isOwnCpuModule } from '../native/cpu-module.ts';
import type { MtmdEngine } from '../native/mtmd-engine.ts';
import { pictureLimits } from '../picture/detail.ts';
import type { EngineOptions } from './protocol.ts';

/**
 * Loads a model in this process. `options.cpuModule` must be loaded already; null: a prebuilt one.
 * @throws the codes of `MtmdAddon.load`
 */
export function loadEngine(
  addon: MtmdAddon,
  options: EngineOptions,
  onProgress: (fraction: number) => void = () => {},
): Promise<MtmdEngine> {
  return addon.load({
    textPath: options.textPath,
    mmprojPath: options.mmprojPath,
    contextSize: options.contextSize,
    batchSize: options.batchSize,
    ubatchSize: options.ubatchSize,
    kvType: options.kvType,
    flashAttention: options.flashAttention,
    threads: options.threads,
    threadsBatch: options.threadsBatch,
    // In our modules a thread that has lost its CPU holds up the others less: they sleep until it is done.
    limitThreads: !isOwnCpuModule(options.cpuModule),
    useMmap: options.useMmap,
    useMlock: options.useMlock,
    ...pictureLimits[options.detail],
    onProgress,
  });
}
