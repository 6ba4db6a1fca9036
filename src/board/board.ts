/** CPUs of one kind: the same core with the same max clock. */
export interface CpuCluster {
  /** "Cortex-A720" if the part is known, else the ids or the model name that the kernel shows. */
  readonly name: string;
  /** MIDR implementer and part, e.g. "0x41" and "0xd81"; null if the kernel shows none (x86). */
  readonly implementer: string | null;
  readonly part: string | null;
  /** The kernel's numbers, ascending. They do not reflect speed: firmware numbers cores in any order. */
  readonly cpus: readonly number[];
  /** null if the kernel shows none, as in most virtual machines. */
  readonly maxClockMHz: number | null;
}

/** Features that ggml's kernels use, with the names in /proc/cpuinfo in brackets. */
export type CpuFeature =
  | 'asimd' // NEON (asimd)
  | 'fp16' // half precision arithmetic (asimdhp)
  | 'dotprod' // (asimddp)
  | 'bf16'
  | 'i8mm'
  | 'sve'
  | 'sve2'
  | 'avx512_bf16'
  | 'amx_int8';

/** A file system's storage; "virtual": a virtual machine's disk, "memory": lost at power-off. */
export type StorageKind = 'nvme' | 'ssd' | 'disk' | 'emmc' | 'sd' | 'usb' | 'virtual' | 'network' | 'memory';

/** A board as its kernel shows it. Plain data: `scenecast doctor board --json` prints it, `plan --board` reads it. */
export interface Board {
  /** The maker's name of the board, e.g. "Radxa Orion O6"; null if unknown. */
  readonly model: string | null;
  /** As Node names it: "arm64", "x64"; "unknown" if a recorded tree does not show it. */
  readonly arch: string;
  /** Fastest first, by core and clock; without offline CPUs. */
  readonly clusters: readonly CpuCluster[];
  /** Features that all CPUs have. */
  readonly features: readonly CpuFeature[];
  /** CPUs that this process may use: its affinity and cpuset. */
  readonly allowedCpus: readonly number[];
  /** The cgroup's limit of CPU time, in CPUs, e.g. 1.5; null: no limit. */
  readonly cpuQuota: number | null;
  readonly memory: {
    /** This and all other sizes here are 0 if the kernel does not show them. */
    readonly totalBytes: number;
    readonly availableBytes: number;
    /** The lowest limit of the cgroup and those above it; null: none. */
    readonly limitBytes: number | null;
    /** Memory left within the cgroup's limit, with droppable caches counted as free; null: no limit. */
    readonly limitAvailableBytes: number | null;
    readonly swapTotalBytes: number;
    readonly swapFreeBytes: number;
    readonly hugePages: { readonly count: number; readonly sizeBytes: number };
    /** /sys/kernel/mm/transparent_hugepage/enabled. */
    readonly transparentHugePages: 'always' | 'madvise' | 'never' | null;
  };
  /** Where models are stored; null if its space is unknown. */
  readonly storage: {
    readonly folder: string;
    readonly kind: StorageKind | null;
    readonly totalBytes: number;
    readonly freeBytes: number;
  } | null;
  readonly temperatures: readonly { readonly zone: string; readonly celsius: number }[];
  /** null if the kernel shows none. */
  readonly throttling: {
    /** A CPU's clock is limited now, by heat, the power supply or a setting. */
    readonly isClockLimited: boolean;
    /** Raspberry Pi: the supply voltage is, or was since boot, too low. */
    readonly isUnderVoltage: boolean | null;
    readonly wasUnderVoltage: boolean | null;
  } | null;
}
