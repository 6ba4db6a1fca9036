import type { Board } from './board.ts';
import type { MemoryLimit } from './cgroup-limits.ts';
import { bytesField, type KernelFiles, wholeNumber } from './kernel-files.ts';

/** The board's memory from /proc/meminfo, with a cgroup's limit. Values that the kernel does not show are 0. */
export async function readMemory(files: KernelFiles, limit: MemoryLimit | null): Promise<Board['memory']> {
  const meminfo = (await files.text('/proc/meminfo')) ?? '';
  const bytes = (name: string): number | null => bytesField(meminfo, name);
  // Kernels before 3.14 do not estimate it.
  const availableBytes =
    bytes('MemAvailable') ?? (bytes('MemFree') ?? 0) + (bytes('Buffers') ?? 0) + (bytes('Cached') ?? 0);
  return {
    totalBytes: bytes('MemTotal') ?? 0,
    availableBytes,
    limitBytes: limit?.limitBytes ?? null,
    limitAvailableBytes: limit?.limitAvailableBytes ?? null,
    swapTotalBytes: bytes('SwapTotal') ?? 0,
    swapFreeBytes: bytes('SwapFree') ?? 0,
    hugePages: {
      count: wholeNumber(/^HugePages_Total:\s*(\d+)$/m.exec(meminfo)?.[1] ?? '') ?? 0,
      sizeBytes: bytes('Hugepagesize') ?? 0,
    },
    transparentHugePages: await readTransparentHugePages(files),
  };
}

async function readTransparentHugePages(files: KernelFiles): Promise<'always' | 'madvise' | 'never' | null> {
  const text = (await files.text('/sys/kernel/mm/transparent_hugepage/enabled')) ?? '';
  const [, chosen] = /\[(\w+)\]/.exec(text) ?? [];
  return chosen === 'always' || chosen === 'madvise' || chosen === 'never' ? chosen : null;
}
