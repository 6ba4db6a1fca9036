import { medianOf, ratioOf, type SceneResult, type Side } from '../bench/speed/result.ts';
import { formatMs } from '../bench/speed/table.ts';

const stages = ['encodeMs', 'prefillMs', 'generateMs', 'restMs'] as const;
const words = { encodeMs: 'encode', prefillMs: 'prefill', generateMs: 'generate', restMs: 'rest' } as const;
const barLeft = 230;
/** Of the slower side's bar. */
const barWidth = 440;
const barHeight = 15;
const rowHeight = 50;
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
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.small { fill: #9198a1 }
.encodeMs { fill: #4493f8 }
.prefillMs { fill: #3fb950 }
.generateMs { fill: #d29922 }
}`;

/**
 * A bar for each side of each scene, split into stages, as a self-contained SVG. The slower side of a scene fills the
 * width: scenes cannot be compared with each other.
 */
export function performanceChart(results: readonly SceneResult[]): string {
  const height = top + results.length * rowHeight;
  const legend = stages.map(
    (stage, at) =>
      `<rect class="${stage}" x="${barLeft + at * 100}" y="14" width="12" height="12"/>` +
      `<text x="${barLeft + 18 + at * 100}" y="25">${words[stage]}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Time for one picture, Scenecast and llama-server">`,
    `<style>${styleSheet}</style>`,
    ...legend,
    ...results.map((result, index) => rowOf(result, top + index * rowHeight)),
    '</svg>\n',
  ].join('\n');
}

function rowOf(result: SceneResult, y: number): string {
  const { ours, theirs, model, scene } = result;
  const scale = barWidth / Math.max(medianOf(ours, 'totalMs'), medianOf(theirs, 'totalMs'));
  const ratio = ratioOf(result, 'totalMs').toFixed(2);
  return [
    `<text x="0" y="${y + 12}">${model}, ${scene}</text>`,
    `<text class="small" x="0" y="${y + 30}">ratio ${ratio}</text>`,
    barOf('Scenecast', ours, scale, y),
    barOf('llama-server', theirs, scale, y + barHeight + 3),
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
