import type { PictureProblem } from '../domain/observation.ts';
import { type BlockMeans, meanOf } from './block-means.ts';

export interface PictureCheckOptions {
  /** The same picture for this long is a problem; null: never, as for a file that is shown again and again. */
  readonly frozenAfterMs: number | null;
}

/** A problem is reported once it has lasted for so many looks. */
const minLooks = 3;
/** A hand before the lens or a lamp that is switched passes sooner. */
const minBlindMs = 10_000;
/** Grey levels: below half a percent of the light of white. */
const blackLevel = 16;
/** Blocks side by side show an edge if they differ by this share of the picture's mean, or more than rounding explains. */
const edgeStep = { share: 0.03, min: 1.5 };
/** The rest may be a clock that the camera writes into its pictures. In dim scenes with texture a tenth of the pairs are edges. */
const blindShare = 0.975;

const reasons = {
  black: 'black: the picture is dark all over; check the light, the lens cap and the exposure',
  covered: 'covered: the picture shows an even surface; check that nothing covers or blinds the lens',
};

/** How long something has held, look after look. */
interface Streak {
  readonly since: number;
  readonly looks: number;
}

const planes = ['luma', 'cb', 'cr'] as const;

/** Notices pictures that show nothing, or nothing new, from the block means that the gate reads anyway. */
export class PictureCheck {
  readonly #frozenAfterMs: number | null;
  #last: BlockMeans | null = null;
  #same: Streak = { since: 0, looks: 0 };
  #blind: Streak & { readonly kind: keyof typeof reasons | null } = { since: 0, looks: 0, kind: null };

  constructor({ frozenAfterMs }: PictureCheckOptions) {
    this.#frozenAfterMs = frozenAfterMs;
  }

  /** What is wrong with the camera's pictures by now, this one included. For each look, in order. */
  check(seen: BlockMeans): PictureProblem | null {
    const now = performance.now();
    const kind = blindness(seen);
    // A sensor's noise changes some of thousands of means by a level at each look, even at night.
    const last = this.#last;
    const isSame = last !== null && planes.every((plane) => Buffer.compare(last[plane], seen[plane]) === 0);
    this.#same = isSame ? longer(this.#same) : { since: now, looks: 1 };
    this.#blind =
      kind === this.#blind.kind ? { kind, ...longer(this.#blind) } : { kind, since: now, looks: 1 };
    this.#last = seen;
    if (kind && hasLasted(this.#blind, now - minBlindMs)) return { kind, reason: reasons[kind] };
    const frozenAfterMs = this.#frozenAfterMs;
    if (frozenAfterMs === null || !hasLasted(this.#same, now - frozenAfterMs)) return null;
    const reason = `frozen: the very same picture for ${frozenAfterMs / 1000} s; restart the camera`;
    return { kind: 'frozen', reason };
  }
}

function longer({ since, looks }: Streak): Streak {
  return { since, looks: looks + 1 };
}

function hasLasted({ since, looks }: Streak, from: number): boolean {
  return looks >= minLooks && since <= from;
}

/** Whether a picture shows nothing. */
function blindness({ luma: means, columns }: BlockMeans): keyof typeof reasons | null {
  const step = Math.max(edgeStep.min, edgeStep.share * meanOf(means));
  let black = 0;
  let pairs = 0;
  let edges = 0;
  for (let block = 0; block < means.length; block++) {
    const level = means[block]!;
    if (level <= blackLevel) black++;
    const isLastOfRow = (block + 1) % columns === 0;
    for (const next of [isLastOfRow ? means.length : block + 1, block + columns]) {
      if (next >= means.length) continue;
      pairs++;
      if (Math.abs(means[next]! - level) > step) edges++;
    }
  }
  if (black >= blindShare * means.length) return 'black';
  return edges <= (1 - blindShare) * pairs ? 'covered' : null;
}
