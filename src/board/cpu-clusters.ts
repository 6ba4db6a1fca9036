import type { CpuCluster, CpuFeature } from './board.ts';
import type { CpuClock } from './cpu-clocks.ts';
import { parseCpuList } from './cpu-list.ts';
import { type CoreId, coreIdOf, coreIdOfMidr, coreNameOf, coreRankOf } from './cpu-parts.ts';
import type { CpuFields, Cpuinfo } from './cpuinfo.ts';
import { cleanName, type KernelFiles } from './kernel-files.ts';

const cpuFolder = '/sys/devices/system/cpu';

/** The kernel's names in /proc/cpuinfo. */
const featureWords: Readonly<Record<CpuFeature, string>> = {
  asimd: 'asimd',
  fp16: 'asimdhp',
  dotprod: 'asimddp',
  bf16: 'bf16',
  i8mm: 'i8mm',
  sve: 'sve',
  sve2: 'sve2',
  avx512_bf16: 'avx512_bf16',
  amx_int8: 'amx_int8',
};

/** The online CPUs, ascending; from /proc/cpuinfo or the CPUs' folders if the kernel does not list them. */
export async function readOnlineCpus(files: KernelFiles, cpuinfo: Cpuinfo): Promise<readonly number[]> {
  const online = parseCpuList(await files.text(`${cpuFolder}/online`)) ?? [];
  if (online.length > 0) return online;
  if (cpuinfo.cpus.length > 0) return cpuinfo.cpus;
  const names = (await files.folder(cpuFolder)).filter((name) => /^cpu\d+$/.test(name));
  return names.map((name) => Number(name.slice(3))).sort((a, b) => a - b);
}

/** Groups CPUs by core and clock, fastest first: by class of core, then by clock, never by number. */
export async function readCpuClusters(
  files: KernelFiles,
  cpuinfo: Cpuinfo,
  online: readonly number[],
  clocks: ReadonlyMap<number, CpuClock>,
): Promise<CpuCluster[]> {
  const clusters = new Map<string, CpuCluster & { readonly cpus: number[] }>();
  for (const cpu of online) {
    const fields = cpuinfo.fieldsOf(cpu);
    const id = await readCoreId(files, cpu, fields);
    const maxClockMHz = clocks.get(cpu)?.maxMHz ?? null;
    const name = coreNameOf(id) ?? unknownName(id, fields);
    const key = JSON.stringify([name, id.implementer, id.part, maxClockMHz]);
    const cluster = clusters.get(key) ?? { name, ...id, cpus: [], maxClockMHz };
    cluster.cpus.push(cpu);
    clusters.set(key, cluster);
  }
  return [...clusters.values()].sort(bySpeed);
}

function bySpeed(a: CpuCluster, b: CpuCluster): number {
  return (
    coreRankOf(b) - coreRankOf(a) ||
    (b.maxClockMHz ?? 0) - (a.maxClockMHz ?? 0) ||
    // For a stable order.
    (a.cpus[0] ?? 0) - (b.cpus[0] ?? 0)
  );
}

async function readCoreId(files: KernelFiles, cpu: number, fields: CpuFields): Promise<CoreId> {
  const midr = await files.text(`${cpuFolder}/cpu${cpu}/regs/identification/midr_el1`);
  return coreIdOfMidr(midr ?? '') ?? coreIdOf(fields.get('CPU implementer'), fields.get('CPU part'));
}

function unknownName({ implementer, part }: CoreId, fields: CpuFields): string {
  if (implementer !== null) return `${implementer}/${part}`;
  return cleanName(fields.get('model name') ?? fields.get('uarch') ?? '') ?? 'unknown';
}

/** The features that all of these CPUs have; CPUs without features in /proc/cpuinfo do not count. */
export function commonFeatures(cpuinfo: Cpuinfo, online: readonly number[]): CpuFeature[] {
  const lists = online
    .map((cpu) => cpuinfo.fieldsOf(cpu))
    .map((fields) => fields.get('Features') ?? fields.get('flags'))
    .filter((words) => words !== undefined)
    .map((words) => new Set(words.split(/\s+/)));
  if (lists.length === 0) return [];
  return (Object.keys(featureWords) as CpuFeature[]).filter((feature) =>
    lists.every((words) => words.has(featureWords[feature])),
  );
}
