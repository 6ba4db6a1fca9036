/** One CPU's lines of /proc/cpuinfo, by the name before the colon. */
export type CpuFields = ReadonlyMap<string, string>;

export interface Cpuinfo {
  /** The CPUs it lists, ascending: those online. */
  readonly cpus: readonly number[];
  /** A CPU's own lines, with those common to all CPUs. */
  fieldsOf(cpu: number): CpuFields;
}

/**
 * Parses /proc/cpuinfo of any architecture. Most kernels write a block per CPU; some old ARM kernels list the CPUs and
 * write "Features" and "CPU part" once, for all of them.
 */
export function parseCpuinfo(text: string): Cpuinfo {
  const common = new Map<string, string>();
  const byCpu = new Map<number, Map<string, string>>();
  let fields = common;
  for (const line of text.split('\n')) {
    const [, name, value] = /^([^:]*?)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (line.trim() === '') fields = common;
    else if (name === 'processor' && value !== undefined && /^\d+$/.test(value)) {
      fields = new Map();
      byCpu.set(Number(value), fields);
    } else if (name && value !== undefined) fields.set(name, value);
  }
  return {
    cpus: [...byCpu.keys()].sort((a, b) => a - b),
    fieldsOf: (cpu) => new Map([...common, ...(byCpu.get(cpu) ?? [])]),
  };
}

/** The architecture as Node names it, from lines that only its kernel writes; null if unknown. */
export function archOf({ cpus, fieldsOf }: Cpuinfo): string | null {
  const fields = fieldsOf(cpus[0] ?? 0);
  // A 32-bit kernel writes 7 on 64-bit cores too, and can run only 32-bit programs.
  if (fields.has('CPU implementer')) return fields.get('CPU architecture') === '7' ? 'arm' : 'arm64';
  if (fields.has('vendor_id')) return /\blm\b/.test(fields.get('flags') ?? '') ? 'x64' : 'ia32';
  return fields.get('isa')?.startsWith('rv64') ? 'riscv64' : null;
}
