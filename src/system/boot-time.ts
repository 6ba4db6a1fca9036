import { readFileSync } from 'node:fs';

/** A time by the clock that runs from the board's start, whatever the system's clock does. */
export interface BootTime {
  /** The kernel's id of this run of the board. */
  readonly boot: string;
  readonly ms: number;
}

/** Now, in a time that a later process of the same boot can use. */
export function bootTime(): BootTime {
  return { boot: bootId(), ms: Number(process.hrtime.bigint() / 1_000_000n) };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
