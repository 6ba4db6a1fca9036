import { describe, expect, test } from 'vitest';
import { droppedFrom } from '../../src/answers/collect-policy.ts';
import type { Collectable, CollectBounds } from '../../src/domain/collected-picture.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';

let count = 0;
const picture = (parts: Partial<Collectable> = {}): Collectable => ({
  id: String(count++),
  hour: 12,
  bytes: 100,
  isLabelled: false,
  uncertainty: 0.1,
  coarse: Uint8Array.from({ length: 16 }, (_, at) => (at * count * 37) % 256),
  ...parts,
});

/** What is kept once another picture has come. */
function withNewest(kept: readonly Collectable[], newest: Collectable, bounds: CollectBounds): Collectable[] {
  const { dropped, fits } = droppedFrom([...kept, newest], bounds);
  if (!fits || dropped.includes(newest.id)) return [...kept];
  return [...kept, newest].filter(({ id }) => !dropped.includes(id));
}

/** What is kept of pictures that come one after another. */
function collect(pictures: readonly Collectable[], bounds: CollectBounds): Collectable[] {
  return pictures.reduce<Collectable[]>((kept, each) => withNewest(kept, each, bounds), []);
}

const roomy = { maxPictures: 10, maxBytes: 10_000 };

describe('what is dropped', () => {
  test('nothing, while there is room', () => {
    expect(droppedFrom([picture(), picture(), picture()], roomy)).toEqual({ dropped: [], fits: true });
  });

  test('of similar pictures one, not the one that shows something else', () => {
    const coarse = new Uint8Array(16).fill(90);
    const alike = [picture({ coarse }), picture({ coarse: coarse.map((level) => level + 1) })];
    const other = picture({ coarse: new Uint8Array(16).fill(200) });
    const kept = collect([other, ...alike], { ...roomy, maxPictures: 2 });
    expect(kept).toContain(other);
  });

  test('of pictures that look alike, the surest', () => {
    const coarse = new Uint8Array(16);
    const sure = picture({ coarse, uncertainty: 0.01 });
    const unsure = [0.4, 0.5, 0.3].map((uncertainty) => picture({ coarse, uncertainty }));
    expect(collect([sure, ...unsure], { ...roomy, maxPictures: 3 })).toEqual(unsure);
  });

  test('from the hour that has most, however unsure', () => {
    const noon = [0.4, 0.5, 0.3].map((uncertainty) => picture({ uncertainty }));
    const night = picture({ hour: 2, uncertainty: 0 });
    expect(withNewest(noon, night, { ...roomy, maxPictures: 3 })).toEqual([noon[0], noon[1], night]);
  });

  test('never a labelled one; when all are, the new one is not kept', () => {
    const labelled = [picture({ isLabelled: true }), picture({ isLabelled: true })];
    expect(collect([...labelled, picture({ uncertainty: 1 })], { ...roomy, maxPictures: 2 })).toEqual(
      labelled,
    );
    const third = picture({ isLabelled: true });
    expect(collect([...labelled, picture({ hour: 3 }), third], { ...roomy, maxPictures: 3 })).toEqual([
      ...labelled,
      third,
    ]);
    expect(droppedFrom([...labelled, third], { ...roomy, maxPictures: 2 }).fits).toBe(false);
  });

  test('as many as a large picture needs; one that is larger than the bound is not kept', () => {
    const small = [picture(), picture(), picture()];
    const large = picture({ bytes: 250, uncertainty: 1, hour: 3 });
    expect(withNewest(small, large, { maxPictures: 9, maxBytes: 400 })).toEqual([expect.anything(), large]);
    const tooLarge = picture({ bytes: 500, uncertainty: 1 });
    expect(withNewest(small, tooLarge, { maxPictures: 9, maxBytes: 400 })).toEqual(small);
  });
});

test('whatever comes, the bounds hold, and labelled pictures stay', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seededRandom(seed);
    const bounds = { maxPictures: 1 + Math.floor(random() * 30), maxBytes: 500 + random() * 5000 };
    let kept: Collectable[] = [];
    for (let at = 0; at < 200; at++) {
      const newest = picture({
        hour: Math.floor(random() * 24),
        bytes: Math.ceil(random() * 800),
        isLabelled: random() < 0.1,
        uncertainty: random(),
      });
      const before = kept;
      kept = withNewest(kept, newest, bounds);
      const gone = before.filter((each) => !kept.includes(each));
      expect(gone.some(({ isLabelled }) => isLabelled)).toBe(false);
      expect(kept.length).toBeLessThanOrEqual(bounds.maxPictures);
      expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(bounds.maxBytes);
    }
  }
});

test.each([24, 100, 200])(
  '%d pictures of a busy day and a quiet night are even over the day',
  (maxPictures) => {
    const random = seededRandom(maxPictures);
    // Two days: 10 pictures in each hour of the night, 80 in each hour of the day.
    const day = Array.from({ length: 24 }, (_, hour) =>
      Array.from({ length: hour < 7 || hour > 21 ? 10 : 80 }, () => picture({ hour, uncertainty: random() })),
    ).flat();
    const kept = collect([...day, ...day.map((each) => picture({ ...each, id: `b${each.id}` }))], {
      maxPictures,
      maxBytes: 1e9,
    });
    expect(kept).toHaveLength(maxPictures);
    const counts = Array.from({ length: 24 }, (_, hour) => kept.filter((each) => each.hour === hour).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  },
);
