import type { Board, CpuCluster } from '../board/board.ts';
import { formatCpuList } from '../board/cpu-list.ts';
import { isLittleCore } from '../board/cpu-parts.ts';

/** Most boards throttle their CPUs at or soon above this temperature. */
const hotCelsius = 80;

/** The board as text: what it has, then what limits it. */
export function boardText(board: Board): string {
  const lines = [`${board.model ?? 'unknown board'}, ${board.arch}`];
  const add = (name: string, ...texts: readonly string[]): void => {
    for (const [index, text] of texts.entries())
      lines.push(`  ${(index === 0 ? name : '').padEnd(13)} ${text}`);
  };
  add('cpus', ...clustersText(board.clusters));
  add('may use', allowanceText(board));
  if (board.arch === 'arm64' || board.features.length > 0)
    add('features', board.features.join(' ') || 'none reported by the kernel');
  add('memory', ...memoryTexts(board.memory));
  add('models on', storageText(board.storage));
  add('temperatures', ...board.temperatures.map(({ zone, celsius }) => `${celsius.toFixed(1)} °C  ${zone}`));
  const faults = boardFaults(board);
  if (faults.length > 0) lines.push('', ...faults.map((fault) => `${fault}.`));
  return lines.join('\n');
}

function clustersText(clusters: readonly CpuCluster[]): string[] {
  if (clusters.length === 0) return ['none reported by the kernel'];
  const nameWidth = Math.max(...clusters.map(({ name }) => name.length));
  return clusters.map((cluster) => {
    const { name, cpus, maxClockMHz } = cluster;
    const kind = isLittleCore(cluster) ? ' (little)' : '';
    return `${cpus.length} x ${name.padEnd(nameWidth)}  ${clockText(maxClockMHz).padEnd(8)}  CPU ${formatCpuList(cpus)}${kind}`;
  });
}

export function clockText(megahertz: number | null): string {
  return megahertz === null ? 'clock unknown' : `${megahertz} MHz`;
}

/** The CPUs that this process may use. */
export function allowanceText({ clusters, allowedCpus, cpuQuota }: Board): string {
  const all = clusters.flatMap(({ cpus }) => cpus).length;
  const cpus = allowedCpus.length === all ? 'all CPUs' : `CPU ${formatCpuList(allowedCpus)}`;
  return cpuQuota === null ? cpus : `${cpus}, quota of ${Number(cpuQuota.toFixed(2))} CPUs`;
}

function memoryTexts(memory: Board['memory']): string[] {
  const { totalBytes, availableBytes, limitBytes, limitAvailableBytes, hugePages } = memory;
  if (totalBytes === 0) return ['unknown'];
  const texts = [`${gibibytes(totalBytes)}, ${gibibytes(availableBytes)} available`];
  if (limitBytes !== null)
    texts.push(
      `${gibibytes(limitBytes)} cgroup limit, ${gibibytes(limitAvailableBytes ?? 0)} of it available`,
    );
  const { swapTotalBytes, swapFreeBytes } = memory;
  texts.push(
    swapTotalBytes === 0 ? 'no swap' : `${gibibytes(swapTotalBytes)} swap, ${gibibytes(swapFreeBytes)} free`,
  );
  if (hugePages.count > 0) texts.push(`${hugePages.count} huge pages of ${gibibytes(hugePages.sizeBytes)}`);
  if (memory.transparentHugePages !== null)
    texts.push(`transparent huge pages: ${memory.transparentHugePages}`);
  return texts;
}

const kindTexts = {
  nvme: 'an NVMe disk',
  ssd: 'an SSD',
  disk: 'a hard disk',
  emmc: 'eMMC',
  sd: 'an SD card',
  usb: 'a USB disk',
  virtual: "a virtual machine's disk",
  network: 'the network',
  memory: 'memory (lost at power-off)',
} as const;

function storageText(storage: Board['storage']): string {
  if (!storage) return 'unknown';
  const { folder, kind, totalBytes, freeBytes } = storage;
  const where = kind === null ? 'storage of an unknown kind' : kindTexts[kind];
  return `${where}, ${gibibytes(freeBytes)} of ${gibibytes(totalBytes)} free (${folder})`;
}

/** What limits the board, and the remedy; one sentence each, without its full stop. */
export function boardFaults({ clusters, allowedCpus, memory, temperatures, throttling }: Board): string[] {
  const faults: string[] = [];
  if (throttling?.isUnderVoltage === true)
    faults.push('The supply voltage is too low: use a stronger power supply and a short, thick cable');
  else if (throttling?.wasUnderVoltage === true)
    faults.push('The supply voltage was too low at least once since boot: use a stronger power supply');
  if (throttling?.isClockLimited === true)
    faults.push('CPU clocks are limited by heat, the power supply or a setting');
  const [hottest] = [...temperatures].sort((a, b) => b.celsius - a.celsius);
  if (hottest && hottest.celsius >= hotCelsius)
    faults.push(`${hottest.zone} is at ${hottest.celsius.toFixed(1)} °C: the board needs better cooling`);
  const fast = clusters.filter((cluster) => !isLittleCore(cluster)).flatMap(({ cpus }) => cpus);
  const left = fast.filter((cpu) => allowedCpus.includes(cpu)).length;
  if (left < fast.length)
    faults.push(
      `Only ${left} of the ${fast.length} fast CPUs may be used: see AllowedCPUs= and CPUAffinity= of the service, or the container's cpuset`,
    );
  if (memory.limitBytes !== null && memory.limitBytes < memory.totalBytes / 2)
    faults.push(
      "The cgroup limit is less than half of the board's memory: see MemoryMax= and MemoryHigh= of the service, or the container's limit",
    );
  return faults;
}

/** Memory as a person reads it, in powers of 1024 as it is sold: `14.9 GiB`. */
export function gibibytes(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes < 1000 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
