import type { Log } from '../pipeline/ports.ts';

/** For parts whose faults are thrown, and which have nothing else to say to the user of a command. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
