/** Little cores are in-order designs, or nearly so: several times slower at matrix operations. */
type CoreClass = 'little' | 'big' | 'prime';

/**
 * Cores by MIDR implementer, then part: names and classes as in Linux' cputype.h and Arm's technical reference
 * manuals. Server cores have the class of the core that they derive from.
 */
const cores: Readonly<Record<string, Readonly<Record<string, readonly [string, CoreClass]>>>> = {
  // Arm
  '0x41': {
    '0xd01': ['Cortex-A32', 'little'],
    '0xd02': ['Cortex-A34', 'little'],
    '0xd03': ['Cortex-A53', 'little'],
    '0xd04': ['Cortex-A35', 'little'],
    '0xd05': ['Cortex-A55', 'little'],
    '0xd06': ['Cortex-A65', 'little'],
    '0xd07': ['Cortex-A57', 'big'],
    '0xd08': ['Cortex-A72', 'big'],
    '0xd09': ['Cortex-A73', 'big'],
    '0xd0a': ['Cortex-A75', 'big'],
    '0xd0b': ['Cortex-A76', 'big'],
    '0xd0c': ['Neoverse-N1', 'big'],
    '0xd0d': ['Cortex-A77', 'big'],
    '0xd0e': ['Cortex-A76AE', 'big'],
    '0xd40': ['Neoverse-V1', 'prime'],
    '0xd41': ['Cortex-A78', 'big'],
    '0xd42': ['Cortex-A78AE', 'big'],
    '0xd43': ['Cortex-A65AE', 'little'],
    '0xd44': ['Cortex-X1', 'prime'],
    '0xd46': ['Cortex-A510', 'little'],
    '0xd47': ['Cortex-A710', 'big'],
    '0xd48': ['Cortex-X2', 'prime'],
    '0xd49': ['Neoverse-N2', 'big'],
    '0xd4a': ['Neoverse-E1', 'little'],
    '0xd4b': ['Cortex-A78C', 'big'],
    '0xd4c': ['Cortex-X1C', 'prime'],
    '0xd4d': ['Cortex-A715', 'big'],
    '0xd4e': ['Cortex-X3', 'prime'],
    '0xd4f': ['Neoverse-V2', 'prime'],
    '0xd80': ['Cortex-A520', 'little'],
    '0xd81': ['Cortex-A720', 'big'],
    '0xd82': ['Cortex-X4', 'prime'],
    '0xd83': ['Neoverse-V3AE', 'prime'],
    '0xd84': ['Neoverse-V3', 'prime'],
    '0xd85': ['Cortex-X925', 'prime'],
    '0xd87': ['Cortex-A725', 'big'],
    '0xd89': ['Cortex-A720AE', 'big'],
    '0xd8a': ['C1-Nano', 'little'],
    '0xd8b': ['C1-Pro', 'big'],
    '0xd8c': ['C1-Ultra', 'prime'],
    '0xd8e': ['Neoverse-N3', 'big'],
    '0xd8f': ['Cortex-A320', 'little'],
    '0xd90': ['C1-Premium', 'prime'],
  },
  // Nvidia: Jetson Xavier
  '0x4e': { '0x004': ['Carmel', 'big'] },
  // Qualcomm
  '0x51': {
    '0x001': ['Oryon', 'prime'],
    '0x800': ['Kryo-2xx-Gold', 'big'],
    '0x801': ['Kryo-2xx-Silver', 'little'],
    '0x802': ['Kryo-3xx-Gold', 'big'],
    '0x803': ['Kryo-3xx-Silver', 'little'],
    '0x804': ['Kryo-4xx-Gold', 'big'],
    '0x805': ['Kryo-4xx-Silver', 'little'],
  },
  // Phytium: Phytium Pi
  '0x70': {
    '0x303': ['FTC310', 'little'],
    '0x663': ['FTC663', 'big'],
    '0x664': ['FTC664', 'big'],
    '0x862': ['FTC862', 'big'],
  },
};

/** An unknown core is probably a new one, so faster than a little one, but it is not assumed to be big. */
const ranks = { little: 0, unknown: 1, big: 2, prime: 3 } as const;

/** A core's ids as in /proc/cpuinfo; null on architectures other than ARM. */
export interface CoreId {
  readonly implementer: string | null;
  readonly part: string | null;
}

/** "Cortex-A720"; null for an unknown core. */
export function coreNameOf(id: CoreId): string | null {
  return coreOf(id)?.[0] ?? null;
}

/** Whether a core is designed to save power: in evenly shared work it slows down faster ones. */
export function isLittleCore(id: CoreId): boolean {
  return coreOf(id)?.[1] === 'little';
}

/** Higher is faster, regardless of clocks. */
export function coreRankOf(id: CoreId): number {
  return ranks[coreOf(id)?.[1] ?? 'unknown'];
}

function coreOf({ implementer, part }: CoreId): readonly [string, CoreClass] | undefined {
  return cores[implementer ?? '']?.[part ?? ''];
}

/** The ids in a MIDR_EL1 register (Arm ARM: implementer in bits 31-24, part in bits 15-4); null if the text is not a register. */
export function coreIdOfMidr(text: string): CoreId | null {
  const midr = /^\s*0x[0-9a-f]{1,16}\s*$/i.test(text) ? Number(BigInt(text.trim()) & 0xffff_ffffn) : 0;
  return midr === 0 ? null : { implementer: hex(midr >>> 24, 2), part: hex((midr >>> 4) & 0xfff, 3) };
}

/** Normalised ids from /proc/cpuinfo. */
export function coreIdOf(implementer: string | undefined, part: string | undefined): CoreId {
  const isHex = (text: string | undefined): text is string => /^0x[0-9a-f]{1,8}$/i.test(text ?? '');
  if (!isHex(implementer) || !isHex(part)) return { implementer: null, part: null };
  return { implementer: hex(Number(implementer), 2), part: hex(Number(part), 3) };
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
