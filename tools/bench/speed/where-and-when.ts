import { cpus } from 'node:os';

/** Where and when something was measured. */
export interface WhereAndWhen {
  /** Number of processors and their name. */
  readonly machine: string;
  /** ISO 8601, in UTC. */
  readonly date: string;
}

/** This machine, now. */
export function hereAndNow(): WhereAndWhen {
  return { machine: `${cpus().length} x ${cpus()[0]?.model}`, date: new Date().toISOString() };
}
