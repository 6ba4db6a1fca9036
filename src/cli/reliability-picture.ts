import type { ReliabilityBin } from '../answers/scores.ts';

/** The bins of one question, before and after calibration. */
export interface ReliabilityCurve {
  readonly title: string;
  readonly bins: readonly ReliabilityBin[];
  /** null: there is no calibration. */
  readonly calibrated: readonly ReliabilityBin[] | null;
}

const side = 260;
const gap = 70;
const top = 50;
const columns = 3;
const cell = side + gap;
const ticks = [0, 0.25, 0.5, 0.75, 1];

const styleSheet = `
text { fill: #1f2328; font: 12px system-ui, sans-serif }
.title { font-weight: 600 }
.small { fill: #59636e }
.middle { text-anchor: middle }
.end { text-anchor: end }
.frame { fill: none; stroke: #8c959f }
.ideal { stroke: #8c959f; stroke-dasharray: 4 4 }
.raw { fill: #bf8700; stroke: #bf8700; fill-opacity: 0.7 }
.calibrated { fill: #0969da; stroke: #0969da; fill-opacity: 0.7 }
polyline { fill: none !important }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.small { fill: #9198a1 }
}`;

/**
 * How often answers of each confidence are right, as a self-contained SVG: a diagram for each question, in which a dot is a
 * bin of answers, the larger the more. On the dashed line the confidence is what it says.
 */
export function reliabilityPicture(curves: readonly ReliabilityCurve[]): string {
  const rows = Math.ceil(curves.length / columns);
  const width = gap + Math.min(curves.length, columns) * cell;
  const height = rows * (side + gap + top) + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="How often answers are right, by confidence">`,
    `<style>${styleSheet}</style>`,
    ...curves.map((curve, index) => {
      const left = gap + (index % columns) * cell;
      const down = top + Math.floor(index / columns) * (side + gap + top);
      return `<g transform="translate(${left} ${down})">\n${diagram(curve).join('\n')}\n</g>`;
    }),
    '</svg>\n',
  ].join('\n');
}

function diagram({ title, bins, calibrated }: ReliabilityCurve): string[] {
  const most = Math.max(...[...bins, ...(calibrated ?? [])].map(({ count }) => count));
  return [
    `<text class="title" y="-28">${escaped(title)}</text>`,
    `<text class="small" y="-12">${legend(bins, calibrated)}</text>`,
    `<rect class="frame" width="${side}" height="${side}"/>`,
    `<line class="ideal" x1="0" y1="${side}" x2="${side}" y2="0"/>`,
    ...ticks.flatMap((tick) => [
      `<text class="small middle" x="${tick * side}" y="${side + 18}">${tick}</text>`,
      `<text class="small end" x="-8" y="${(1 - tick) * side + 4}">${tick}</text>`,
    ]),
    `<text class="small middle" x="${side / 2}" y="${side + 38}">confidence</text>`,
    `<text class="small middle" transform="translate(-42 ${side / 2}) rotate(-90)">share of right answers</text>`,
    ...curveOf(bins, 'raw', most),
    ...(calibrated ? curveOf(calibrated, 'calibrated', most) : []),
  ];
}

function legend(bins: readonly ReliabilityBin[], calibrated: readonly ReliabilityBin[] | null): string {
  const answers = bins.reduce((sum, { count }) => sum + count, 0);
  return `${answers} answers; yellow: as given${calibrated ? ', blue: calibrated' : ''}`;
}

function curveOf(bins: readonly ReliabilityBin[], name: string, most: number): string[] {
  const points = bins.map(({ confidence, accuracy, count }) => ({
    x: rounded(confidence * side),
    y: rounded((1 - accuracy) * side),
    radius: rounded(2 + 5 * Math.sqrt(count / most)),
    count,
    words: `${count} answers: confidence ${confidence.toFixed(2)}, right ${accuracy.toFixed(2)}`,
  }));
  return [
    `<polyline class="${name}" points="${points.map(({ x, y }) => `${x},${y}`).join(' ')}"/>`,
    ...points.map(
      ({ x, y, radius, words }) =>
        `<circle class="${name}" cx="${x}" cy="${y}" r="${radius}"><title>${words}</title></circle>`,
    ),
  ];
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
