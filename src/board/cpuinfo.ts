/** One CPU's lines of /proc/cpuinfo, by the name before the colon. */
export type CpuFields = ReadonlyMap<string, string>;

export interface Cpuinfo {
  /** The CPUs it lists, ascending: those online. */
  readonly cpus: readonly number[];
  /** A CPU's own lines, with those that stand for all of them. */
  fieldsOf(cpu: number): CpuFields;
}

/**
 * Reads /proc/cpuinfo of any architecture. Most kernels give each CPU a block; some old ARM kernels list the CPUs
 * and write "Features" and "CPU part" once, for all of them.
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

/** The architecture as Node names it, by what only its kernel writes; null where nothing tells. */
export function archOf({ cpus, fieldsOf }: Cpuinfo): string | null {
  const fields = fieldsOf(cpus[0] ?? 0);
  // A 32-bit kernel says 7 on 64-bit cores too: what counts is what it can run.
  if (fields.has('CPU implementer')) return fields.get('CPU architecture') === '7' ? 'arm' : 'arm64';
  if (fields.has('vendor_id')) return /\blm\b/.test(fields.get('flags') ?? '') ? 'x64' : 'ia32';
  return fields.get('isa')?.startsWith('rv64') ? 'riscv64' : null;
}
