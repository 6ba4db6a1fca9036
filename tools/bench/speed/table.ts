import { markdownTable } from '../../../src/cli/markdown-table.ts';
import { bestPeer, medianOf, ratioOf, type Sample, type SceneResult, type Side } from './result.ts';

const head = [
  ...['model', 'scene', 'side', 'total', 'encode', 'prefill', 'generate', 'rest'],
  ...['prompt', 'answer', 'drafted/accepted', 'tok/s', 'right', 'peak RSS', 'ratio'],
];

/** A row for each side of each scene: medians, and our total divided by the best peer's. */
export function resultTable(results: readonly SceneResult[]): string {
  const rows = results.flatMap((result) => [
    [result.model, result.scene, 'Scenecast', ...cellsOf(result.ours), ratioOf(result).toFixed(2)],
    ...result.peers.map((peer) => ['', '', `${peer.name} ${peer.threads}`, ...cellsOf(peer), '']),
  ]);
  return markdownTable(head, rows);
}

/** By model: tokens a second of `busy` beside those of `changing`. */
export function busyNotes(results: readonly SceneResult[]): string[] {
  return results
    .filter(({ scene }) => scene === 'busy')
    .flatMap((busy) => {
      const quiet = results.find(({ model, scene }) => model === busy.model && scene === 'changing');
      if (!quiet) return [];
      const words = (name: string, [loaded, alone]: readonly [Side, Side]): string => {
        const [now, before] = [tokensPerSecond(loaded), tokensPerSecond(alone)];
        return `${name} ${now.toFixed(1)} of ${before.toFixed(1)} tokens/s (${Math.round((100 * now) / before)} %)`;
      };
      const peer = bestPeer(busy);
      const peerAlone = quiet.peers.find(({ name }) => name === peer.name)!;
      return [
        `${busy.model}, busy: with one core busy, ${words('Scenecast generates', [busy.ours, quiet.ours])}, ` +
          words(peer.name, [peer, peerAlone]),
      ];
    });
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
    value('generateMs') > 0 ? tokensPerSecond(side).toFixed(1) : '',
    `${sum('rightCaptions')}/${sum('pictures')}`,
    `${Math.round(side.peakBytes / 1e6)} MB`,
  ];
}

/** Generated ones. */
function tokensPerSecond(side: Side): number {
  return medianOf(side, 'completionTokens') / (medianOf(side, 'generateMs') / 1000);
}

/** 0.4 ms, 47 ms, 17.3 s. */
export function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
