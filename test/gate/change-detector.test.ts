import { describe, expect, test } from 'vitest';
import { type SceneRandom, sceneRandom } from '../../src/camera/scene-random.ts';
import type { BlockMeans } from '../../src/gate/block-means.ts';
import { ChangeDetector, type DetectorOptions } from '../../src/gate/change-detector.ts';

// The decision alone, on block means made here; with pictures and sharp it is in scene-gate.test.ts.
const columns = 64;
const rows = 36;
const defaults: DetectorOptions = { sensitivity: 50, ignore: [], lightGuard: true };

/** A scene with texture: levels from about 60 to 180. */
const scene = (column: number, row: number): number =>
  120 + 35 * Math.sin(column / 7) * Math.cos(row / 5) + 25 * Math.sin(column * 1.7 + row * 2.3);

type Level = (column: number, row: number) => number;

interface Colours {
  readonly cb?: Level;
  readonly cr?: Level;
}

const grey: Level = () => 128;

function look(
  random: SceneRandom,
  noise: number,
  level: Level = scene,
  { cb = grey, cr = grey }: Colours = {},
): BlockMeans {
  const plane = (levels: Level): Uint8Array => {
    const means = new Uint8Array(columns * rows);
    for (let block = 0; block < means.length; block++) {
      // The sum of three uniform draws is close enough to a normal distribution.
      const unit = random.between(-1, 1) + random.between(-1, 1) + random.between(-1, 1);
      const value = levels(block % columns, Math.floor(block / columns)) + noise * unit;
      means[block] = Math.min(255, Math.max(0, Math.round(value)));
    }
    return means;
  };
  return { columns, rows, luma: plane(level), cb: plane(cb), cr: plane(cr) };
}

/** A detector that has seen the scene `looks` times, and the last of these looks. */
function learned(
  options: Partial<DetectorOptions> = {},
  { noise = 1, looks = 10, level = (_look: number): Level => scene } = {},
): { detector: ChangeDetector; reference: BlockMeans; random: SceneRandom } {
  const random = sceneRandom(1);
  const detector = new ChangeDetector({ ...defaults, ...options });
  let reference = look(random, noise, level(0));
  detector.learn(reference);
  for (let index = 1; index < looks; index++) {
    reference = look(random, noise, level(index));
    detector.learn(reference);
  }
  return { detector, reference, random };
}

/** The scene with a thing on it: `width` x `height` blocks that differ by `contrast`. */
function withThing(
  contrast: number,
  width: number,
  height: number,
  left = 20,
  top = 10,
  base = scene,
): Level {
  return (column, row) =>
    base(column, row) +
    (column >= left && column < left + width && row >= top && row < top + height ? contrast : 0);
}

function isChange({ detector, reference }: ReturnType<typeof learned>, current: BlockMeans): boolean {
  detector.learn(current);
  return detector.measure(reference, current) > detector.threshold;
}

test.each([0, 1, 3])('noise of %i levels is learned, and is no change', (noise) => {
  const { detector, reference, random } = learned({}, { noise, looks: 40 });
  let largest = 0;
  for (let index = 0; index < 300; index++) {
    const current = look(random, noise);
    detector.learn(current);
    largest = Math.max(largest, detector.measure(reference, current));
  }
  expect(largest).toBeLessThan(detector.threshold / 2);
  // A difference of two looks, each with noise of variance 1 and a rounding error.
  expect(detector.noiseFloor).toBeGreaterThan(1.1 * noise);
  expect(detector.noiseFloor).toBeLessThan(1.8 * noise + 0.7);
});

test('a thing of 2 % of the picture is a change, with the measure of its size', () => {
  const seen = learned();
  const current = look(seen.random, 1, withThing(20, 7, 7));
  expect(isChange(seen, current)).toBe(true);
  expect(seen.detector.measure(seen.reference, current)).toBeCloseTo((100 * 49) / (64 * 36), 1);
});

test('as many scattered blocks are no change: rain, snow, insects', () => {
  const seen = learned();
  const rain: Level = (column, row) => scene(column, row) + (column % 8 === 3 && row % 6 === 2 ? 60 : 0);
  expect(isChange(seen, look(seen.random, 1, rain))).toBe(false);
});

test('sensitivity decides on how small and how faint', () => {
  const small = withThing(40, 2, 3);
  const faint = withThing(-7, 10, 10);
  for (const level of [small, faint]) {
    const verdicts = [20, 50, 90].map((sensitivity) => {
      const seen = learned({ sensitivity }, { noise: 0.5, looks: 60 });
      return isChange(seen, look(seen.random, 0.5, level));
    });
    expect(verdicts).toEqual([false, false, true]);
  }
});

test('a change in an ignored zone does not count, one next to it does', () => {
  const ignore = [
    [
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ],
  ] as const;
  const seen = learned({ ignore });
  expect(isChange(seen, look(seen.random, 1, withThing(60, 10, 10, 20)))).toBe(false);
  expect(isChange(seen, look(seen.random, 1, withThing(60, 10, 10, 33)))).toBe(true);
});

test.each([6, 40])(
  'an ignored zone with motion of %i levels does not affect the noise next to it',
  (motion) => {
    const ignore = [
      [
        [0, 0],
        [0.6, 0],
        [0.6, 1],
        [0, 1],
      ],
    ] as const;
    const street =
      (index: number): Level =>
      (column, row) =>
        scene(column, row) + (column < 38 ? motion * Math.sin(index * 2.1 + column + row * 1.3) : 0);
    const { detector } = learned({ ignore }, { noise: 0.5, looks: 60, level: street });
    expect(detector.noiseFloor).toBeLessThan(1.5);
  },
);

test('an area that always moves is learned; the same difference elsewhere is a change', () => {
  // Leaves: a fifth of the picture differs by some levels from one look to the next.
  const leaves =
    (index: number): Level =>
    (column, row) =>
      scene(column, row) + (column < 13 ? 8 * Math.sin(index * 2.1 + column + row * 1.3) : 0);
  const seen = learned({}, { looks: 300, level: leaves });
  for (let index = 300; index < 330; index++) {
    expect(isChange(seen, look(seen.random, 1, leaves(index)))).toBe(false);
  }
  expect(isChange(seen, look(seen.random, 1, withThing(14, 8, 8, 2)))).toBe(false);
  expect(isChange(seen, look(seen.random, 1, withThing(14, 8, 8, 40)))).toBe(true);
  // Strong changes are seen there too.
  expect(isChange(seen, look(seen.random, 1, withThing(70, 8, 8, 2)))).toBe(true);
});

test('occasional events are not learned as noise', () => {
  const passing = (index: number): Level => (index % 20 === 0 ? withThing(40, 8, 8) : scene);
  const seen = learned({}, { looks: 200, level: passing });
  expect(isChange(seen, look(seen.random, 1, withThing(40, 8, 8)))).toBe(true);
});

describe('light', () => {
  const steps: [string, (level: number) => number][] = [
    ['times 1.3', (level) => level * 1.3],
    ['times 0.7', (level) => level * 0.7],
    ['plus 35', (level) => level + 35],
    ['of gamma', (level) => 255 * (level / 255) ** 0.7],
  ];
  test.each(steps)('a step of brightness %s is no change with the guard, and one without', (_name, light) => {
    const lit: Level = (column, row) => light(scene(column, row));
    for (const lightGuard of [true, false]) {
      const seen = learned({ lightGuard });
      expect(isChange(seen, look(seen.random, 1, lit))).toBe(!lightGuard);
    }
  });

  test('a thing that enters while the light changes is seen', () => {
    const seen = learned();
    const lit: Level = (column, row) => 1.3 * withThing(-50, 9, 9)(column, row);
    expect(isChange(seen, look(seen.random, 1, lit))).toBe(true);
  });

  test('a slight drift of exposure is no change, with or without the guard', () => {
    const seen = learned({ lightGuard: false });
    for (const gain of [1.1, 0.92]) {
      expect(
        isChange(
          seen,
          look(seen.random, 1, (column, row) => gain * scene(column, row)),
        ),
      ).toBe(false);
    }
  });

  test('a covered lens, darkness and another scene are changes in spite of the guard', () => {
    const other: Level = (column, row) => 120 + 50 * Math.sin(column / 3) * Math.cos(row / 9);
    for (const level of [(): number => 90, (): number => 2, other]) {
      const seen = learned();
      expect(isChange(seen, look(seen.random, 1, level))).toBe(true);
    }
  });
});

describe('colour', () => {
  /** A thing of 2 % of the picture: red before, green afterwards, and as bright. */
  const thing = (level: number, otherwise: Level = grey): Level => {
    const inThing = withThing(1, 7, 7, 20, 10, () => 0);
    return (column, row) => (inThing(column, row) ? level : otherwise(column, row));
  };
  const red: Colours = { cb: thing(105), cr: thing(175) };
  const green: Colours = { cb: thing(105), cr: thing(100) };
  /** The colours of a garden: in every block others. */
  const colourful: Colours = {
    cb: (column, row) => 122 + 20 * Math.sin(column / 5 + row / 3),
    cr: (column, row) => 130 + 20 * Math.cos(column / 4 - row / 6),
  };

  function seeing(
    before: Colours,
    {
      noise = 1,
      level = scene,
      ...options
    }: Partial<DetectorOptions> & { noise?: number; level?: Level } = {},
  ) {
    const random = sceneRandom(1);
    const detector = new ChangeDetector({ ...defaults, ...options });
    let reference = look(random, noise, level, before);
    for (let index = 0; index < 10; index++) {
      reference = look(random, noise, level, before);
      detector.learn(reference);
    }
    const measure = (after: Colours, levelAfter: Level = level): number => {
      const current = look(random, noise, levelAfter, after);
      detector.learn(current);
      return detector.measure(reference, current);
    };
    return { detector, measure };
  }

  test('a red thing that becomes green at the same brightness is a change, with the measure of its size', () => {
    const { detector, measure } = seeing(red);
    expect(measure(red)).toBeLessThan(detector.threshold);
    expect(measure(green)).toBeCloseTo((100 * 49) / (64 * 36), 1);
  });

  test('so is a grey thing that becomes blue, and a red one that becomes grey', () => {
    for (const [before, after] of [
      [{}, { cb: thing(160) }],
      [red, {}],
    ] as const) {
      const { detector, measure } = seeing(before);
      expect(measure(after)).toBeGreaterThan(detector.threshold);
    }
  });

  test('sensitivity decides on how faint, and ignored zones do not count', () => {
    const faint: Colours = { cr: thing(128 + 11) };
    const measures = [20, 50, 90].map((sensitivity) => {
      const { detector, measure } = seeing({}, { sensitivity, noise: 0.3 });
      return measure(faint) > detector.threshold;
    });
    expect(measures).toEqual([false, false, true]);
    const left = [
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ] as const;
    expect(seeing(red, { ignore: [left] }).measure(green)).toBe(0);
  });

  test('noise of the colours is learned, and is no change', () => {
    const { detector, measure } = seeing(colourful, { noise: 4 });
    for (let index = 0; index < 100; index++) expect(measure(colourful)).toBeLessThan(detector.threshold / 2);
  });

  test('an area whose colours always change is learned; the same difference elsewhere is a change', () => {
    const screen =
      (index: number): Level =>
      (column, row) =>
        128 + (column < 20 ? 10 * Math.sin(index * 2.1 + column + row * 1.3) : 0);
    const random = sceneRandom(1);
    const detector = new ChangeDetector(defaults);
    let reference = look(random, 1);
    for (let index = 0; index < 100; index++) {
      reference = look(random, 1, scene, { cr: screen(index) });
      detector.learn(reference);
    }
    const at = (left: number): Level => {
      const inThing = withThing(1, 7, 7, left, 10, () => 0);
      return (column, row) => screen(99)(column, row) + 18 * inThing(column, row);
    };
    expect(detector.measure(reference, look(random, 1, scene, { cr: at(5) }))).toBe(0);
    expect(detector.measure(reference, look(random, 1, scene, { cr: at(40) }))).toBeGreaterThan(1);
  });

  test('light that tints a part of what it makes brighter is no change', () => {
    const tinted: Colours = { cr: thing(148) };
    expect(seeing({}).measure(tinted, (column, row) => scene(column, row) + 33)).toBe(0);
    expect(seeing({}).measure(tinted)).toBeGreaterThan(1);
  });

  test('in the dark a faint colour is no change', () => {
    const dark: Level = (column, row) => scene(column, row) / 15;
    expect(seeing({}, { level: dark }).measure({ cr: thing(146) })).toBe(0);
    expect(seeing({}).measure({ cr: thing(146) })).toBeGreaterThan(1);
  });

  /** What white balance makes of a channel: red and blue times a factor. */
  const balanced =
    (channel: Level, byLuma: number, byColour: number): Level =>
    (column, row) =>
      channel(column, row) + byLuma * scene(column, row) + byColour * (channel(column, row) - 128);
  const drifts: [string, (colours: Required<Colours>) => Colours][] = [
    ['warmer', ({ cb, cr }) => ({ cb: balanced(cb, -0.1, -0.1), cr: balanced(cr, 0.12, 0.1) })],
    ['cooler', ({ cb, cr }) => ({ cb: balanced(cb, 0.15, 0.15), cr: balanced(cr, -0.1, -0.1) })],
    ['tinted', ({ cb, cr }) => ({ cb: (...at) => cb(...at) + 14, cr: (...at) => cr(...at) - 14 })],
    ['paler', ({ cb, cr }) => ({ cb: balanced(cb, 0, -0.4), cr: balanced(cr, 0, -0.4) })],
  ];
  test.each(drifts)('white balance that makes the picture %s is no change with the guard', (_name, drift) => {
    const { detector, measure } = seeing(colourful);
    const after = drift(colourful as Required<Colours>);
    expect(measure(after)).toBeLessThan(detector.threshold);
  });

  test('strong tints are changes without the guard, slight ones are not', () => {
    const tinted = (by: number): Colours => ({ ...colourful, cr: (...at) => colourful.cr!(...at) + by });
    expect(seeing(colourful, { lightGuard: false }).measure(tinted(20))).toBeGreaterThan(90);
    expect(seeing(colourful, { lightGuard: false }).measure(tinted(8))).toBe(0);
    expect(seeing(colourful).measure(tinted(20))).toBe(0);
    // A coloured cloth over the lens.
    expect(seeing(colourful).measure(tinted(50))).toBeGreaterThan(90);
  });

  test('a thing that changes its colour during a drift is seen', () => {
    const warmer = drifts[0]![1];
    const before = { cb: thing(105, colourful.cb), cr: thing(175, colourful.cr) };
    const after = warmer({ cb: thing(105, colourful.cb), cr: thing(95, colourful.cr) });
    expect(seeing(before).measure(after)).toBeGreaterThan(1);
  });

  test('light that makes all levels and colours stronger is no change with the guard', () => {
    const { measure } = seeing(colourful);
    const stronger =
      (channel: Level): Level =>
      (column, row) =>
        128 + 1.3 * (channel(column, row) - 128);
    const after = { cb: stronger(colourful.cb!), cr: stronger(colourful.cr!) };
    expect(measure(after, (column, row) => 1.3 * scene(column, row))).toBe(0);
  });
});

test('a picture of another shape is a change of 100 %, and the noise is learned from scratch', () => {
  const { detector, reference } = learned();
  const flat = new Uint8Array(64 * 48).fill(100);
  const other: BlockMeans = { columns: 64, rows: 48, luma: flat, cb: flat, cr: flat };
  detector.learn(other);
  expect(detector.measure(reference, other)).toBe(100);
  // A picture that waited for the engine while the shape changed.
  expect(detector.measure(reference, reference)).toBe(100);
});

describe('the changed area', () => {
  /** Of a picture after the reference. */
  function areaOf({ detector, reference }: ReturnType<typeof learned>, current: BlockMeans) {
    detector.learn(current);
    return detector.changedArea(reference, current);
  }

  test('is all that differs, also what is too small to be a change', () => {
    const setting = learned();
    const thing = withThing(60, 2, 3);
    const speck = withThing(60, 1, 1, 50, 30, thing);
    const run = (left: number, row: number, width: number): object => ({
      left: left / columns,
      top: row / rows,
      right: (left + width) / columns,
      bottom: (row + 1) / rows,
    });
    expect(areaOf(setting, look(setting.random, 1, speck))).toEqual([
      ...[10, 11, 12].map((row) => run(20, row, 2)),
      run(50, 30, 1),
    ]);
  });

  test('is where a thing was, and where it is', () => {
    const random = sceneRandom(2);
    const detector = new ChangeDetector(defaults);
    const before = look(random, 0, withThing(60, 2, 2, 5, 5));
    detector.learn(before);
    const after = look(random, 0, withThing(60, 2, 2, 40, 20));
    detector.learn(after);
    expect(detector.changedArea(before, after)?.map(({ left }) => left * columns)).toEqual([5, 5, 40, 40]);
  });

  test('is unknown for a picture that is the same, another scene, or of another shape', () => {
    const setting = learned();
    expect(areaOf(setting, setting.reference)).toBeNull();
    // Brighter in some blocks, darker in the others: no light does that.
    const other: Level = (column, row) =>
      scene(column, row) + (((column >> 2) + (row >> 2) ** 2) % 3) * 60 - 60;
    expect(areaOf(setting, look(setting.random, 1, other))).toBeNull();
    const { detector, reference } = setting;
    expect(detector.changedArea({ ...reference, columns: rows, rows: columns }, reference)).toBeNull();
  });

  test('excludes zones in which changes are ignored', () => {
    const setting = learned({
      ignore: [
        [
          [0, 0],
          [0.5, 0],
          [0.5, 1],
          [0, 1],
        ],
      ],
    });
    const things = withThing(60, 3, 1, 50, 30, withThing(60, 3, 3));
    expect(areaOf(setting, look(setting.random, 1, things))?.map(({ top }) => top * rows)).toEqual([30]);
  });
});
