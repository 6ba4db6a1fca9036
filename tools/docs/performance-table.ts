import { markdownTable } from '../../src/cli/markdown-table.ts';
import { type BenchRun, medianOf, ratioOf, type SceneResult } from '../bench/speed/result.ts';
import { formatMs } from '../bench/speed/table.ts';

const head = ['model', 'scene', 'Scenecast', 'llama-server', 'ratio', 'tokens in', 'peak RSS'];

/** The table of docs/performance.md, and where and when it was measured. */
export function performanceTable({ rounds, machine, loadAtStart, results }: BenchRun): string {
  const [first] = results;
  const where = first
    ? `Medians of ${rounds} rounds, ${machine}, ${first.threads} threads, \`${first.cpu}\`, ${first.build}, ` +
      `${first.date.slice(0, 10)}; load average before: ${loadAtStart.toFixed(2)}.`
    : '';
  const notes = results.flatMap(({ model, scene, notes }) =>
    notes.map((note) => `- ${model}, ${scene}: ${note}.`),
  );
  return [
    markdownTable(head, results.map(rowOf)),
    where,
    ...(notes.length > 0 ? [notes.join('\n')] : []),
  ].join('\n\n');
}

function rowOf(result: SceneResult): string[] {
  const { ours, theirs, model, scene } = result;
  const both = (cell: (side: SceneResult['ours']) => string): string => `${cell(ours)} / ${cell(theirs)}`;
  return [
    model,
    scene,
    formatMs(medianOf(ours, 'totalMs')),
    formatMs(medianOf(theirs, 'totalMs')),
    ratioOf(result, 'totalMs').toFixed(2),
    both((side) => `${Math.round(medianOf(side, 'promptTokens'))}`),
    `${both((side) => String(Math.round(side.peakBytes / 1e6)))} MB`,
  ];
}
