import { sceneTruth } from '../../../src/camera/scene-truth.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { sizes as frameSizes } from '../held-out-scenes.ts';
import type { Rate } from '../score.ts';
import { type GateLook, lookAfter, sensitivities } from './gate-looks.ts';
import { count, describerOf } from './judge-view.ts';
import { percent, row } from './show-views.ts';
import { happenings, type SlowScene, saysChange, slowScenes } from './slow-scenes.ts';
import { changedVerdict, type SlowRates } from './verdicts.ts';

const views = ['full', 'changed', 'overview'] as const;

interface Looked extends GateLook {
  readonly slow: SlowScene;
}

interface JudgedSlow extends SlowRates {
  readonly byHappening: ReadonlyMap<string, Rate>;
  readonly captions: Rate;
  readonly seconds: number;
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
    const judged = new Map<string, JudgedSlow>();
    for (const view of views) {
      const each = await judgeSlow(engine, noticed, view);
      judged.set(view, each);
      console.log(row(view, cellsOf(each)));
    }
    console.log(`  ${changedVerdict(judged.get('full')!, judged.get('changed')!)}`);
  }
}

async function judgeSlow(
  engine: MtmdEngine,
  looks: readonly Looked[],
  view: (typeof views)[number],
): Promise<JudgedSlow> {
  const byHappening = new Map<string, Rate>(happenings.map((name) => [name, { right: 0, total: 0 }]));
  const changes = { right: 0, total: 0 };
  const captions = { right: 0, total: 0 };
  const sums = { tokens: 0, squares: 0, ms: 0 };
  const { describe } = describerOf(engine, null, () => sums.squares++, view === 'changed');
  for (const { slow, picture, changedArea } of looks) {
    const { text, tokens, timings } = await describe(
      { picture, changedArea },
      [],
      view === 'overview' ? view : undefined,
    );
    for (const rate of [byHappening.get(slow.happening)!, changes]) count(rate, saysChange(slow, text!));
    count(captions, text === sceneTruth(slow.after).caption);
    sums.tokens += tokens.image;
    sums.ms += timings.encodeMs + timings.prefillMs;
  }
  const each = (sum: number): number => sum / looks.length;
  return {
    byHappening,
    changes,
    captions,
    tokens: each(sums.tokens),
    squares: each(sums.squares),
    seconds: each(sums.ms) / 1000,
  };
}

function cellsOf({ byHappening, changes, captions, tokens, squares, seconds }: JudgedSlow): string[] {
  return [
    ...[...byHappening.values(), changes, captions].map(percent),
    tokens.toFixed(0),
    squares.toFixed(1),
    seconds.toFixed(2),
  ];
}
