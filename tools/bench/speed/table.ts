import { markdownTable } from '../../../src/cli/markdown-table.ts';
import { medianOf, ratioOf, type Sample, type SceneResult, type Side } from './result.ts';

const head = [
  ...['model', 'scene', 'side', 'total', 'encode', 'prefill', 'generate', 'rest'],
  ...['prompt', 'answer', 'drafted/accepted', 'tok/s', 'right', 'peak RSS', 'ratio'],
];

/** Two rows for each scene: medians of both sides, and ours divided by theirs. */
export function resultTable(results: readonly SceneResult[]): string {
  const rows = results.flatMap((result) => [
    [result.model, result.scene, 'Scenecast', ...cellsOf(result.ours), ratioOf(result, 'totalMs').toFixed(2)],
    ['', '', 'llama-server', ...cellsOf(result.theirs), ''],
  ]);
  return markdownTable(head, rows);
}

function cellsOf(side: Side): string[] {
  const value = (field: keyof Sample): number => medianOf(side, field);
  const count = (field: keyof Sample): string => `${Math.round(value(field))}`;
  const sum = (field: keyof Sample): number => side.rounds.reduce((total, round) => total + round[field], 0);
  return [
    ...(['totalMs', 'encodeMs', 'prefillMs', 'generateMs', 'restMs'] as const).map((field) =>
      formatMs(value(field)),
    ),
    count('promptTokens'),
    count('completionTokens'),
    `${count('draftedTokens')}/${count('acceptedTokens')}`,
    value('generateMs') > 0 ? (value('completionTokens') / (value('generateMs') / 1000)).toFixed(1) : '',
    `${sum('rightCaptions')}/${sum('pictures')}`,
    `${Math.round(side.peakBytes / 1e6)} MB`,
  ];
}

/** 0.4 ms, 47 ms, 17.3 s. */
export function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
