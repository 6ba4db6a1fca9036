import { sceneTruth } from '../../../src/camera/scene-truth.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { sizes as frameSizes } from '../held-out-scenes.ts';
import type { Rate } from '../score.ts';
import { type GateLook, lookAfter } from './gate-looks.ts';
import { count, describerOf } from './judge-view.ts';
import { percent, row } from './show-views.ts';
import { happenings, type SlowScene, saysChange, slowScenes } from './slow-scenes.ts';

/** For small things the gate must be as sensitive as it can be. */
const sensitivities = { large: 50, small: 100 } as const;

interface Looked extends GateLook {
  readonly slow: SlowScene;
}

/** Prints whether the one thing that happens in a scene is described, and what that costs: all of it shown, or what has changed. */
export async function showSlowScenes(engine: MtmdEngine, fromSeed: number, counts: number): Promise<void> {
  console.log(
    'slow scenes: one thing moves, appears or goes; of the changes that the gate notices, those whose description says it: names the thing in its place in the exact words, or does not name it there any more. caption: all of it is right',
  );
  for (const sizes of ['large', 'small'] as const) {
    const sensitivity = sensitivities[sizes];
    const looks: Looked[] = [];
    for (const [index, size] of frameSizes.entries()) {
      const share = Math.ceil(counts / frameSizes.length);
      for (const slow of slowScenes(fromSeed + index * 10_000, share, size, sizes))
        looks.push({ slow, ...(await lookAfter(slow.before, slow.after, sensitivity)) });
    }
    const noticed = looks.filter(({ isChange }) => isChange);
    console.log(
      `${sizes} shapes: the gate notices ${noticed.length} of ${looks.length} changes at sensitivity ${sensitivity}`,
    );
    console.log(row('', [...happenings, 'all', 'caption', 'tokens', 'squares', 'seconds']));
    for (const view of ['full', 'changed', 'overview'] as const)
      console.log(row(view, await judgeSlow(engine, noticed, view)));
  }
}

async function judgeSlow(
  engine: MtmdEngine,
  looks: readonly Looked[],
  view: 'full' | 'changed' | 'overview',
): Promise<string[]> {
  const said = new Map<string, Rate>([...happenings, 'all'].map((name) => [name, { right: 0, total: 0 }]));
  const captions = { right: 0, total: 0 };
  const sums = { tokens: 0, squares: 0, ms: 0 };
  const { describe } = describerOf(engine, null, () => sums.squares++, view === 'changed');
  for (const { slow, picture, changedArea } of looks) {
    const { text, tokens, timings } = await describe(
      { picture, changedArea },
      [],
      view === 'overview' ? view : undefined,
    );
    for (const name of [slow.happening, 'all']) count(said.get(name)!, saysChange(slow, text!));
    count(captions, text === sceneTruth(slow.after).caption);
    sums.tokens += tokens.image;
    sums.ms += timings.encodeMs + timings.prefillMs;
  }
  const mean = (sum: number, digits: number): string => (sum / looks.length).toFixed(digits);
  return [
    ...[...said.values()].map(percent),
    percent(captions),
    mean(sums.tokens, 0),
    mean(sums.squares, 1),
    mean(sums.ms / 1000, 2),
  ];
}
