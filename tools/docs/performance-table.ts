import { markdownTable } from '../../src/cli/markdown-table.ts';
import { daemonTable, spreadNotes } from '../bench/speed/daemon-table.ts';
import {
  bestPeer,
  type DaemonResult,
  medianOf,
  ratioOf,
  type SceneResult,
  type Side,
} from '../bench/speed/result.ts';
import { busyNotes, formatMs } from '../bench/speed/table.ts';
import type { WhereAndWhen } from '../bench/speed/where-and-when.ts';

const head = ['model', 'scene', 'Scenecast', 'best peer', 'peer', 'ratio', 'tokens in', 'peak RSS'];

/** The table of engine and peers in docs/performance.md, and where and when it was measured; one for each machine. */
export function performanceTable(results: readonly SceneResult[]): string {
  return tableOfEach(results, (ofMachine) => {
    const engines = new Set(
      ofMachine.map(({ threads, cpu, build }) => `${threads} threads, \`${cpu}\`, ${build}`),
    );
    const notes = [
      ...ofMachine.flatMap(({ model, scene, notes }) => notes.map((note) => `${model}, ${scene}: ${note}`)),
      ...busyNotes(ofMachine),
    ];
    return [
      markdownTable(head, ofMachine.map(rowOf)),
      `${whereOf(ofMachine)}; ${[...engines].join('; ')}.`,
      ...listOf(notes),
    ];
  });
}

/** The table of the daemon in docs/performance.md, likewise. */
export function daemonPerformanceTable(results: readonly DaemonResult[]): string {
  return tableOfEach(results, (ofMachine) => [
    daemonTable(ofMachine),
    `${whereOf(ofMachine)}.`,
    ...listOf(spreadNotes(ofMachine)),
  ]);
}

function tableOfEach<Result extends WhereAndWhen>(
  results: readonly Result[],
  paragraphsOf: (ofMachine: readonly Result[]) => string[],
): string {
  const machines = Map.groupBy(results, ({ machine }) => machine);
  return machines.size > 0 ? [...machines.values()].flatMap(paragraphsOf).join('\n\n') : 'Not measured.';
}

function whereOf(results: readonly (SceneResult | DaemonResult)[]): string {
  const rounds = new Set(results.map(({ roundCount }) => roundCount).sort((a, b) => b - a));
  const days = new Set(results.map(({ date }) => date.slice(0, 10)).sort());
  const load = Math.max(...results.map(({ loadBefore }) => loadBefore));
  return `Medians of ${[...rounds].join(' or ')} rounds, ${results[0]!.machine}, ${[...days].join(', ')}; load average before: at most ${load.toFixed(2)}`;
}

function listOf(notes: readonly string[]): string[] {
  return notes.length > 0 ? [notes.map((note) => `- ${note}.`).join('\n')] : [];
}

function rowOf(result: SceneResult): string[] {
  const { ours, model, scene } = result;
  const peer = bestPeer(result);
  const both = (cell: (side: Side) => string): string => `${cell(ours)} / ${cell(peer)}`;
  return [
    model,
    scene,
    formatMs(medianOf(ours, 'totalMs')),
    formatMs(medianOf(peer, 'totalMs')),
    `${peer.name} \`${peer.threads}\``,
    ratioOf(result).toFixed(2),
    both((side) => `${Math.round(medianOf(side, 'promptTokens'))}`),
    `${both((side) => String(Math.round(side.peakBytes / 1e6)))} MB`,
  ];
}
