import type { WindowEvents } from '../../src/contract/window.ts';

/** The compiler sees to it that none is missing. */
const names: Record<keyof WindowEvents, true> = {
  state: true,
  status: true,
  config: true,
  aim: true,
  vision: true,
  observation: true,
  answers: true,
  measured: true,
  rule: true,
  alert: true,
  watches: true,
  gate: true,
  look: true,
  health: true,
  progress: true,
};

export const windowEventNames = Object.keys(names) as readonly (keyof WindowEvents)[];
