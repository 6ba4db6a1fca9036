import { markdownTable } from '../../../src/cli/markdown-table.ts';
import { type DaemonResult, type DaemonSample, median } from './result.ts';

const head = [
  ...['scene', 'cameras', 'descriptions/s', 'fewest/most', 'event loop p99'],
  ...['CPU, daemon + engine', 'memory, daemon + engine'],
];

type Case = DaemonResult['cases'][number];

/** A row for each number of cameras: medians of the rounds; the fewest and most descriptions of a camera of all rounds. */
export function daemonTable(results: readonly DaemonResult[]): string {
  return markdownTable(
    head,
    results.flatMap(({ scene, cases }) => cases.map((one) => [scene, ...cellsOf(one)])),
  );
}

/** Of the scene `cameras`: its slowest and fastest number of cameras, and how far apart they are. */
export function spreadNotes(results: readonly DaemonResult[]): string[] {
  return results
    .filter(({ cases }) => cases.length > 1)
    .map(({ scene, cases }) => {
      const rates = cases.map((one) => medianOf(one, 'perSecond'));
      const [slowest, fastest] = [Math.min(...rates), Math.max(...rates)];
      return `${scene}: from ${slowest.toFixed(2)} to ${fastest.toFixed(2)} descriptions/s, ${Math.round(100 * (1 - slowest / fastest))} % apart`;
    });
}

function cellsOf(one: Case): string[] {
  const value = (field: keyof DaemonSample): number => medianOf(one, field);
  const megabytes = (field: 'daemonBytes' | 'engineBytes'): string => `${Math.round(value(field) / 1e6)}`;
  const fewest = Math.min(...one.rounds.map(({ least }) => least));
  const most = Math.max(...one.rounds.map(({ most }) => most));
  return [
    `${one.cameras}`,
    value('perSecond').toFixed(2),
    `${fewest}/${most}`,
    `${value('loopDelayP99Ms').toFixed(1)} ms`,
    `${value('daemonCpu').toFixed(1)} + ${value('engineCpu').toFixed(1)} %`,
    `${megabytes('daemonBytes')} + ${megabytes('engineBytes')} MB`,
  ];
}

/** The median of a field over all rounds. */
export function medianOf({ rounds }: Case, field: keyof DaemonSample): number {
  return median(rounds.map((round) => round[field]));
}
