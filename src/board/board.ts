/** CPUs of one kind: the same core at the same highest clock. */
export interface CpuCluster {
  /** "Cortex-A720" where the part is known, else the ids or the model's name as the kernel shows them. */
  readonly name: string;
  /** MIDR implementer and part, e.g. "0x41" and "0xd81"; null where the kernel shows none (x86). */
  readonly implementer: string | null;
  readonly part: string | null;
  /** The kernel's numbers, ascending. They say nothing of speed: firmware numbers cores as it likes. */
  readonly cpus: readonly number[];
  /** null where the kernel shows none, as in most virtual machines. */
  readonly maxClockMHz: number | null;
}

/** What matters to ggml's kernels: the kernel's names in /proc/cpuinfo stand in brackets. */
export type CpuFeature =
  | 'asimd' // NEON (asimd)
  | 'fp16' // half precision arithmetic (asimdhp)
  | 'dotprod' // (asimddp)
  | 'bf16'
  | 'i8mm'
  | 'sve'
  | 'sve2';

/** A board as its kernel shows it. Plain data: `scenecast doctor board --json` prints it, `plan --board` reads it. */
export interface Board {
  /** The maker's name of the board, e.g. "Radxa Orion O6"; null where nothing tells. */
  readonly model: string | null;
  /** As Node names it: "arm64", "x64". */
  readonly arch: string;
  /** Fastest first, by core and clock; offline CPUs left out. */
  readonly clusters: readonly CpuCluster[];
  /** What all CPUs have; empty on other architectures than ARM. */
  readonly features: readonly CpuFeature[];
  /** CPUs that this process may use: its affinity and cpuset. */
  readonly allowedCpus: readonly number[];
  /** CPUs' worth of time that the cgroup grants, e.g. 1.5; null: no limit. */
  readonly cpuQuota: number | null;
  readonly memory: {
    readonly totalBytes: number;
    readonly availableBytes: number;
    /** The lowest limit of the cgroup and those above it; null: none. */
    readonly limitBytes: number | null;
    /** What this cgroup, where it is limited, can still take before the limit, caches that can be dropped not counted. */
    readonly limitAvailableBytes: number | null;
    readonly swapTotalBytes: number;
    readonly swapFreeBytes: number;
    readonly hugePages: { readonly count: number; readonly sizeBytes: number };
    /** /sys/kernel/mm/transparent_hugepage/enabled. */
    readonly transparentHugePages: 'always' | 'madvise' | 'never' | null;
  };
  /** Where models are kept. */
  readonly storage: {
    readonly folder: string;
    readonly kind: 'nvme' | 'ssd' | 'disk' | 'emmc' | 'sd' | 'usb' | 'virtual' | 'network' | 'memory' | null;
    readonly totalBytes: number;
    readonly freeBytes: number;
  } | null;
  readonly temperatures: readonly { readonly zone: string; readonly celsius: number }[];
  /** null where the kernel shows none. */
  readonly throttling: {
    /** A CPU's clock is held down now: its highest allowed clock is below what it can do. */
    readonly isClockLimited: boolean;
    /** Raspberry Pi: the supply's voltage is, or was since the start, too low. */
    readonly isUnderVoltage: boolean | null;
    readonly wasUnderVoltage: boolean | null;
  } | null;
}
