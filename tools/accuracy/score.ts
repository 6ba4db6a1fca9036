import type { SceneShapeSizes } from '../../src/camera/scene-layout.ts';
import type { DescribedScene } from './real-path.ts';

/** `right` of `total` were exactly right. */
export interface Rate {
  right: number;
  total: number;
}

export interface Score {
  /** Exact captions, by frame size such as `640x480`. */
  readonly captions: Map<string, Rate>;
  /** Exact answers, by kind of question. */
  readonly questions: Map<string, Rate>;
  /** One line each, with the expected and the received text. */
  readonly misses: readonly string[];
}

const withSmallShapes = { captions: 0.9, captionsOfEachSize: 0.8, questions: 0.9 } as const;

/** The required shares, by how large the shapes are. */
export const marks = {
  large: { captions: 0.95, captionsOfEachSize: 0.9, questions: 0.95 },
  small: withSmallShapes,
  mixed: withSmallShapes,
} as const satisfies Record<SceneShapeSizes, unknown>;

/** Compares descriptions with the truth; only the exact words count. */
export function scoreOf(scenes: readonly DescribedScene[]): Score {
  const captions = new Map<string, Rate>();
  const questions = new Map<string, Rate>();
  const misses: string[] = [];
  const count = (
    rates: Map<string, Rate>,
    key: string,
    received: string | undefined,
    truth: string,
    what: string,
  ): void => {
    const rate = rates.get(key) ?? { right: 0, total: 0 };
    rates.set(key, rate);
    rate.total++;
    if (received === truth) rate.right++;
    else misses.push(`${what}: expected "${truth}", received "${received}"`);
  };
  for (const { seed, size, truth, payload } of scenes) {
    const sizeText = `${size.width}x${size.height}`;
    const where = `scene ${seed} ${sizeText}`;
    count(captions, sizeText, payload.description ?? undefined, truth.caption, where);
    for (const [index, { kind, question, answer }] of truth.questions.entries()) {
      count(questions, kind, String(payload.answers[`q${index}`]), answer, `${where}: ${question}`);
    }
  }
  return { captions, questions, misses };
}

/** The sum of a map's rates. */
export function overall(rates: ReadonlyMap<string, Rate>): Rate {
  const sum = { right: 0, total: 0 };
  for (const { right, total } of rates.values()) {
    sum.right += right;
    sum.total += total;
  }
  return sum;
}

export function shareOf({ right, total }: Rate): number {
  return total === 0 ? 0 : right / total;
}

/** One line for each missed mark. */
export function shortfalls({ captions, questions }: Score, shapes: SceneShapeSizes = 'large'): string[] {
  const required = marks[shapes];
  const checks: [string, Rate, number][] = [
    ['captions', overall(captions), required.captions],
    ['questions', overall(questions), required.questions],
    ...[...captions].map(([size, rate]): [string, Rate, number] => [
      `captions at ${size}`,
      rate,
      required.captionsOfEachSize,
    ]),
  ];
  return checks
    .filter(([, rate, mark]) => shareOf(rate) < mark)
    .map(([what, rate, mark]) => `${what}: ${percent(rate)} is below ${mark * 100} %`);
}

/** Two small tables, as text. */
export function tableOf({ captions, questions }: Score): string {
  const row = (name: string, rate: Rate): string => {
    const counts = `${rate.right}/${rate.total}`;
    return `  ${name.padEnd(12)}${counts.padStart(9)}${percent(rate).padStart(10)}`;
  };
  const rows = (rates: ReadonlyMap<string, Rate>): string[] =>
    [...rates].map(([name, rate]) => row(name, rate));
  return [
    'captions exactly right',
    ...rows(captions),
    row('all', overall(captions)),
    'questions exactly right',
    ...rows(questions),
    row('all', overall(questions)),
  ].join('\n');
}

function percent(rate: Rate): string {
  return `${(shareOf(rate) * 100).toFixed(1)} %`;
}
