import { type SceneShapeSizes, sampleScene } from '../../../src/camera/scene-layout.ts';
import type { Size } from '../../../src/domain/frame.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { type Rate, shareOf } from '../score.ts';
import { lookAfter } from './gate-looks.ts';
import { type Judged, judgeView } from './judge-view.ts';
import { type SeenScene, views } from './views.ts';

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
  console.log(row('', ['captions', '', 'questions', '', 'tokens', 'squares', 'seconds']));
  console.log(row('', ['large', 'small', 'large', 'small', '', '', '']));
  const large = await seenScenes(scenes, 'large');
  const small = await seenScenes(scenes, 'small');
  for (const view of views) {
    const [one, other] = [await judgeView(engine, view, large), await judgeView(engine, view, small)];
    const mean = (of: (judged: Judged) => number): number => (of(one) + of(other)) / 2;
    console.log(
      row(view.name, [
        percent(one.captions),
        percent(other.captions),
        percent(one.questions),
        percent(other.questions),
        mean(({ tokens }) => tokens).toFixed(0),
        mean(({ squares }) => squares).toFixed(1),
        mean(({ seconds }) => seconds).toFixed(2),
      ]),
    );
  }
}

async function seenScenes(
  scenes: readonly { readonly seed: number; readonly size: Size }[],
  sizes: SceneShapeSizes,
): Promise<SeenScene[]> {
  const seen: SeenScene[] = [];
  for (const { seed, size } of scenes) {
    const scene = sampleScene(seed, size, sizes);
    const { picture, changedArea } = await lookAfter({ ...scene, shapes: [] }, scene, 50);
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
