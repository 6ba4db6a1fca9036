import { z } from 'zod';
import type { Board, CpuFeature, StorageKind } from './board.ts';

const bytes = z.number().int().min(0, 'must be 0 or more');
const cpus = z.array(z.number().int().min(0, 'must be 0 or more'));
const hexId = z
  .string()
  .regex(/^0x[0-9a-f]{2,3}$/, 'must be like "0xd81"')
  .nullable();

const features = [
  ...(['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2'] as const),
  ...(['avx512_bf16', 'amx_int8'] as const),
] as const satisfies CpuFeature[];
const kinds = 'nvme ssd disk emmc sd usb virtual network memory'.split(' ') as StorageKind[];

/** What `scenecast doctor board --json` prints: a published format with names in snake case. Unknown names are ignored. */
export const boardJsonSchema = z.object({
  model: z.string().nullable(),
  arch: z.string(),
  clusters: z.array(
    z.object({
      name: z.string(),
      implementer: hexId,
      part: hexId,
      cpus,
      max_clock_mhz: z.number().positive('must be more than 0').nullable(),
    }),
  ),
  features: z.array(z.enum(features)),
  allowed_cpus: cpus,
  cpu_quota: z.number().positive('must be more than 0').nullable(),
  memory: z.object({
    total_bytes: bytes,
    available_bytes: bytes,
    limit_bytes: bytes.nullable(),
    limit_available_bytes: bytes.nullable(),
    swap_total_bytes: bytes,
    swap_free_bytes: bytes,
    huge_pages: z.object({ count: bytes, size_bytes: bytes }),
    transparent_huge_pages: z.enum(['always', 'madvise', 'never']).nullable(),
  }),
  storage: z
    .object({ folder: z.string(), kind: z.enum(kinds).nullable(), total_bytes: bytes, free_bytes: bytes })
    .nullable(),
  temperatures: z.array(z.object({ zone: z.string(), celsius: z.number() })),
  throttling: z
    .object({
      clock_limited: z.boolean(),
      under_voltage: z.boolean().nullable(),
      was_under_voltage: z.boolean().nullable(),
    })
    .nullable(),
});

export type BoardJson = z.infer<typeof boardJsonSchema>;

export function boardJson(board: Board): BoardJson {
  const { clusters, memory, storage, throttling } = board;
  return {
    model: board.model,
    arch: board.arch,
    clusters: clusters.map(({ name, implementer, part, cpus, maxClockMHz }) => ({
      ...{ name, implementer, part },
      cpus: [...cpus],
      max_clock_mhz: maxClockMHz,
    })),
    features: [...board.features],
    allowed_cpus: [...board.allowedCpus],
    cpu_quota: board.cpuQuota,
    memory: {
      total_bytes: memory.totalBytes,
      available_bytes: memory.availableBytes,
      limit_bytes: memory.limitBytes,
      limit_available_bytes: memory.limitAvailableBytes,
      swap_total_bytes: memory.swapTotalBytes,
      swap_free_bytes: memory.swapFreeBytes,
      huge_pages: { count: memory.hugePages.count, size_bytes: memory.hugePages.sizeBytes },
      transparent_huge_pages: memory.transparentHugePages,
    },
    storage: storage && {
      folder: storage.folder,
      kind: storage.kind,
      total_bytes: storage.totalBytes,
      free_bytes: storage.freeBytes,
    },
    temperatures: board.temperatures.map(({ zone, celsius }) => ({ zone, celsius })),
    throttling: throttling && {
      clock_limited: throttling.isClockLimited,
      under_voltage: throttling.isUnderVoltage,
      was_under_voltage: throttling.wasUnderVoltage,
    },
  };
}

/** The reverse of {@link boardJson}. */
export function boardOfJson(json: BoardJson): Board {
  const { memory, storage, throttling } = json;
  return {
    model: json.model,
    arch: json.arch,
    clusters: json.clusters.map(({ name, implementer, part, cpus, max_clock_mhz: maxClockMHz }) => ({
      ...{ name, implementer, part, cpus, maxClockMHz },
    })),
    features: json.features,
    allowedCpus: json.allowed_cpus,
    cpuQuota: json.cpu_quota,
    memory: {
      totalBytes: memory.total_bytes,
      availableBytes: memory.available_bytes,
      limitBytes: memory.limit_bytes,
      limitAvailableBytes: memory.limit_available_bytes,
      swapTotalBytes: memory.swap_total_bytes,
      swapFreeBytes: memory.swap_free_bytes,
      hugePages: { count: memory.huge_pages.count, sizeBytes: memory.huge_pages.size_bytes },
      transparentHugePages: memory.transparent_huge_pages,
    },
    storage: storage && {
      folder: storage.folder,
      kind: storage.kind,
      totalBytes: storage.total_bytes,
      freeBytes: storage.free_bytes,
    },
    temperatures: json.temperatures,
    throttling: throttling && {
      isClockLimited: throttling.clock_limited,
      isUnderVoltage: throttling.under_voltage,
      wasUnderVoltage: throttling.was_under_voltage,
    },
  };
}
