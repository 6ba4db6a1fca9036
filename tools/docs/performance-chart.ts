import { medianOf as daemonMedianOf } from '../bench/speed/daemon-table.ts';
import {
  bestPeer,
  type DaemonResult,
  medianOf,
  ratioOf,
  type SceneResult,
  type Side,
} from '../bench/speed/result.ts';
import { formatMs } from '../bench/speed/table.ts';

const stages = ['encodeMs', 'prefillMs', 'generateMs', 'restMs'] as const;
const words = { encodeMs: 'encode', prefillMs: 'prefill', generateMs: 'generate', restMs: 'rest' } as const;
const barLeft = 230;
/** Of the slower side's bar. */
const barWidth = 440;
const barHeight = 15;
const rowHeight = 50;
const caseHeight = barHeight + 3;
const top = 44;
const width = 800;

const styleSheet = `
text { fill: #1f2328; font: 13px system-ui, sans-serif }
.small { fill: #59636e; font-size: 12px }
.end { text-anchor: end }
.encodeMs { fill: #0969da }
.prefillMs { fill: #1a7f37 }
.generateMs { fill: #bf8700 }
.restMs { fill: #8c959f }
.rate { fill: #8250df }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.small { fill: #9198a1 }
.encodeMs { fill: #4493f8 }
.prefillMs { fill: #3fb950 }
.generateMs { fill: #d29922 }
.rate { fill: #a371f7 }
}`;

/**
 * A bar for each side of each scene, split into stages, as a self-contained SVG. The slower side of a scene fills the
 * width: scenes cannot be compared with each other. Below them a bar for each number of cameras of the daemon, which has
 * no peer: the fastest fills the width.
 */
export function performanceChart(results: readonly SceneResult[], daemon: readonly DaemonResult[]): string {
  const cases = daemon.find(({ scene }) => scene === 'cameras')?.cases ?? [];
  const casesTop = top + results.length * rowHeight + 20;
  const height = casesTop + cases.length * caseHeight;
  const legend = stages.map(
    (stage, at) =>
      `<rect class="${stage}" x="${barLeft + at * 100}" y="14" width="12" height="12"/>` +
      `<text x="${barLeft + 18 + at * 100}" y="25">${words[stage]}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Time for one picture, Scenecast and its peers; descriptions per second by cameras">`,
    `<style>${styleSheet}</style>`,
    ...legend,
    ...results.map((result, index) => rowOf(result, top + index * rowHeight)),
    ...caseBars(cases, casesTop),
    '</svg>\n',
  ].join('\n');
}

function rowOf(result: SceneResult, y: number): string {
  const { ours, model, scene } = result;
  const peer = bestPeer(result);
  const scale = barWidth / Math.max(medianOf(ours, 'totalMs'), medianOf(peer, 'totalMs'));
  const ratio = ratioOf(result).toFixed(2);
  return [
    `<text x="0" y="${y + 12}">${model}</text>`,
    `<text class="small" x="0" y="${y + 30}">${scene}, ratio ${ratio}</text>`,
    barOf('Scenecast', ours, scale, y),
    barOf(peer.name, peer, scale, y + barHeight + 3),
  ].join('\n');
}

function barOf(label: string, side: Side, scale: number, y: number): string {
  let x = barLeft;
  const parts = stages.map((stage) => {
    const length = medianOf(side, stage) * scale;
    const part = `<rect class="${stage}" x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}"/>`;
    x += length;
    return part;
  });
  return [
    `<text class="small end" x="${barLeft - 8}" y="${y + 12}">${label}</text>`,
    ...parts,
    `<text class="small" x="${(x + 6).toFixed(1)}" y="${y + 12}">${formatMs(medianOf(side, 'totalMs'))}</text>`,
  ].join('\n');
}

function caseBars(cases: DaemonResult['cases'], y: number): string[] {
  const rates = cases.map((one) => daemonMedianOf(one, 'perSecond'));
  const scale = barWidth / Math.max(...rates);
  return cases.flatMap(({ cameras }, index) => {
    const baseline = y + index * caseHeight + 12;
    const length = rates[index]! * scale;
    return [
      ...(index === 0
        ? [
            `<text x="0" y="${baseline}">demo, cameras</text>`,
            `<text class="small" x="0" y="${baseline + caseHeight}">no peer</text>`,
          ]
        : []),
      `<text class="small end" x="${barLeft - 8}" y="${baseline}">${cameras}</text>`,
      `<rect class="rate" x="${barLeft}" y="${baseline - 12}" width="${length.toFixed(1)}" height="${barHeight}"/>`,
      `<text class="small" x="${(barLeft + length + 6).toFixed(1)}" y="${baseline}">${rates[index]!.toFixed(1)} descriptions/s</text>`,
    ];
  });
}
