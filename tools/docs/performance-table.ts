import { markdownTable } from '../../src/cli/markdown-table.ts';
import { daemonTable, spreadNotes } from '../bench/speed/daemon-table.ts';
import {
  type BenchRun,
  bestPeer,
  medianOf,
  ratioOf,
  type SceneResult,
  type Side,
} from '../bench/speed/result.ts';
import { busyNotes, formatMs } from '../bench/speed/table.ts';

const head = ['model', 'scene', 'Scenecast', 'best peer', 'peer', 'ratio', 'tokens in', 'peak RSS'];

/** The table of engine and peers in docs/performance.md, and where and when it was measured. */
export function performanceTable(run: BenchRun): string {
  const { results } = run;
  const [first] = results;
  if (!first) return 'Not measured.';
  const engines = new Set(
    results.map(({ threads, cpu, build }) => `${threads} threads, \`${cpu}\`, ${build}`),
  );
  const notes = [
    ...results.flatMap(({ model, scene, notes }) => notes.map((note) => `${model}, ${scene}: ${note}`)),
    ...busyNotes(results),
  ];
  return [
    markdownTable(head, results.map(rowOf)),
    `${whereOf(run, first.date)}; ${[...engines].join('; ')}.`,
    ...listOf(notes),
  ].join('\n\n');
}

/** The table of the daemon in docs/performance.md. */
export function daemonPerformanceTable(run: BenchRun): string {
  const [first] = run.daemon;
  if (!first) return 'Not measured.';
  return [daemonTable(run.daemon), `${whereOf(run, first.date)}.`, ...listOf(spreadNotes(run.daemon))].join(
    '\n\n',
  );
}

function whereOf({ rounds, machine, loadAtStart }: BenchRun, date: string): string {
  return `Medians of ${rounds} rounds, ${machine}, ${date.slice(0, 10)}; load average before: ${loadAtStart.toFixed(2)}`;
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
