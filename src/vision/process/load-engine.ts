import type { MtmdAddon } from '../native/addon.ts';
import type { MtmdEngine } from '../native/mtmd-engine.ts';
import { imageMaxTokens } from '../picture/detail.ts';
import type { EngineOptions } from './protocol.ts';

/**
 * Loads a model in this process. The CPU module must be loaded already.
 * @throws the codes of `MtmdAddon.load`
 */
export function loadEngine(
  addon: MtmdAddon,
  options: EngineOptions,
  onProgress: (fraction: number) => void = () => {},
): Promise<MtmdEngine> {
  const limit = imageMaxTokens[options.detail];
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
    limitThreads: options.cpuModule === null,
    useMmap: options.useMmap,
    useMlock: options.useMlock,
    ...(limit > 0 ? { imageMaxTokens: limit } : {}),
    onProgress,
  });
}
