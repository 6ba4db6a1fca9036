import { type SceneShapeSizes, sampleScene } from '../../../src/camera/scene-layout.ts';
import type { Size } from '../../../src/domain/frame.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { type Rate, shareOf } from '../score.ts';
import { lookAfter, sensitivities } from './gate-looks.ts';
import { type Judged, judgeView } from './judge-view.ts';
import { choosers, onlyByTruth } from './patch-choosers.ts';
import { budgetVerdict, type ViewRates } from './verdicts.ts';
import { budgetName, type SeenScene, views } from './views.ts';

const shapeSizes = ['large', 'small'] as const;

/** Prints how well scenes of large shapes and of small ones are described, as each view shows them. */
export async function showViews(
  engine: MtmdEngine,
  scenes: readonly { readonly seed: number; readonly size: Size }[],
): Promise<void> {
  console.log(
    `what is shown of a picture: ${scenes.length} scenes of large shapes and the same of small ones; only exact words are right`,
  );
  console.log(
    'changed: what differs from the same scene without its shapes. A budget is a share of the patches of the tiles; overview and newlines are always shown. attended: what the class token of the tower attends to most. shapes first: what nothing but the truth can choose. Seconds: encode and prefill.',
  );
  console.log(row('', ['captions', '', 'questions', '', 'tokens', '', 'squares', '', 'seconds']));
  console.log(row('', [...Array<typeof shapeSizes>(4).fill(shapeSizes).flat(), '']));
  const seen = { large: await seenScenes(scenes, 'large'), small: await seenScenes(scenes, 'small') };
  const judged = new Map<string, Record<(typeof shapeSizes)[number], Judged>>();
  for (const view of views) {
    const large = await judgeView(engine, view, seen.large);
    const small = await judgeView(engine, view, seen.small);
    judged.set(view.name, { large, small });
    const both = <T>(of: (each: Judged) => T): [T, T] => [of(large), of(small)];
    console.log(
      row(view.name, [
        ...both(({ captions }) => percent(captions)),
        ...both(({ questions }) => percent(questions)),
        ...both(({ tokens }) => tokens.toFixed(0)),
        ...both(({ squares }) => squares.toFixed(1)),
        ((large.seconds + small.seconds) / 2).toFixed(2),
      ]),
    );
  }
  const ofBoth = (view: string): ViewRates => bothSizes(Object.values(judged.get(view)!));
  for (const name of Object.keys(choosers).filter((each) => each !== 'random' && !onlyByTruth.has(each))) {
    const [random, chosen] = [ofBoth(budgetName(0.25, 'random')), ofBoth(budgetName(0.25, name))];
    console.log(`  large and small shapes, ${budgetVerdict(name, ofBoth('full'), random, chosen)}`);
  }
}

function bothSizes(judged: readonly Judged[]): ViewRates {
  const sum = (of: (each: Judged) => number): number => judged.reduce((total, each) => total + of(each), 0);
  return {
    captions: { right: sum(({ captions }) => captions.right), total: sum(({ captions }) => captions.total) },
    tokens: sum(({ tokens }) => tokens) / judged.length,
  };
}

async function seenScenes(
  scenes: readonly { readonly seed: number; readonly size: Size }[],
  sizes: Exclude<SceneShapeSizes, 'mixed'>,
): Promise<SeenScene[]> {
  const seen: SeenScene[] = [];
  for (const { seed, size } of scenes) {
    const scene = sampleScene(seed, size, sizes);
    const { picture, changedArea } = await lookAfter({ ...scene, shapes: [] }, scene, sensitivities[sizes]);
    seen.push({ scene, picture, changedArea });
  }
  return seen;
}

export function row(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(24)}${cells.map((cell) => cell.padStart(11)).join('')}`;
}

export function percent(rate: Rate): string {
  return rate.total === 0 ? '-' : `${(shareOf(rate) * 100).toFixed(1)} %`;
}
