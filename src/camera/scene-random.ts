/**
 * A small seeded generator, so that a scene is the same on every machine and in every run.
 *
 * mulberry32 (Tommy Ettinger, public domain) over a seed that is mixed first, because callers use
 * neighbouring seeds (900000, 900001, ...) and expect unrelated scenes.
 */
export interface SceneRandom {
  /** A number in [low, high). */
  between(low: number, high: number): number;
  /** A whole number in [0, count). */
  below(count: number): number;
  /** One of the items. Throws a RangeError when there are none. */
  pick<T>(items: readonly T[]): T;
  /** True with the given probability. */
  chance(probability: number): boolean;
}

/** A generator for this seed; `stream` gives independent generators for one seed. */
export function sceneRandom(seed: number, stream = 0): SceneRandom {
  let state = mix32(mix32(seed >>> 0) ^ Math.imul(stream + 1, 0x9e3779b9));
  const unit = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count: number): number => Math.floor(unit() * count);
  return {
    between: (low, high) => low + unit() * (high - low),
    below,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError('cannot pick from an empty list');
      return items[below(items.length)]!;
    },
    chance: (probability) => unit() < probability,
  };
}

/** The 32-bit finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
