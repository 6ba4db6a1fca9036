import { describe, expect, test } from 'vitest';
import { PlanError } from '../../src/domain/errors.ts';
import type { DetailSizing, ModelSizing } from '../../src/domain/model-sizing.ts';
import {
  detailOf,
  type EnginePlan,
  type PlanSettings,
  planEngine,
  type Tuning,
} from '../../src/planning/plan-engine.ts';
import { boardWith, memoryOf, defaultSettings as settings, sizingWith } from '../board/sample-board.ts';

const gibibyte = 1024 ** 3;

function planIn(gibibytes: number, changes: Partial<PlanSettings> = {}): EnginePlan {
  return planEngine(boardWith(), sizingWith(), {
    ...settings,
    memoryBytes: gibibytes * gibibyte,
    ...changes,
  });
}

function refusalOf(run: () => unknown): PlanError {
  try {
    run();
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('the context', () => {
  test('is what picture, prompt and answer need, rounded up to a multiple of 256', () => {
    const plan = planEngine(boardWith(), sizingWith(), settings);
    expect(plan.contextSize).toBe(2304); // 1948 + 50 + 256 = 2254
    expect(plan.kvBytes).toBe(2304 * 524_288);
    expect(plan.reasons.context_size).toContain('2254 tokens');
  });

  test('holds the longest turn, even if that is a typed question', () => {
    const model = sizingWith({ typedTurnTokens: 900 });
    expect(planEngine(boardWith(), model, settings).contextSize).toBe(3072); // 1948 + 900 = 2848
  });

  // A description and three yes/no questions: 1948 + 200 + 256 = 2404
  const asking = sizingWith({ turnGroups: [{ tokens: 200, freeAnswers: 1, earlierPictures: 0 }] });

  test('holds all turns about a picture at once', () => {
    const plan = planEngine(boardWith(), asking, settings);
    expect(plan).toMatchObject({ contextSize: 2560, degraded: [] });
    expect(plan.reasons.context_size).toContain('2404 tokens for picture, prompts and answers');
  });

  test('is that of the camera with the most turns; each free-text answer counts', () => {
    const turnGroups = [
      { tokens: 200, freeAnswers: 1, earlierPictures: 0 },
      { tokens: 100, freeAnswers: 4, earlierPictures: 0 }, // 1948 + 100 + 4 x 256 = 3072
      { tokens: 300, freeAnswers: 1, earlierPictures: 0 },
    ];
    expect(planEngine(boardWith(), sizingWith({ turnGroups }), settings).contextSize).toBe(3072);
  });

  test('that the config fixes too small for all turns runs them in groups', () => {
    const plan = planEngine(boardWith(), asking, { ...settings, contextSize: 2304 });
    expect(plan).toMatchObject({ contextSize: 2304, detail: 'full' });
    expect(plan.degraded).toEqual(['questions answered in groups instead of all at once']);
  });

  // What has changed is asked with two pictures: 1948 + 600 + 2 x 256 = 3060, and 1948 more.
  const comparing = sizingWith({ turnGroups: [{ tokens: 600, freeAnswers: 2, earlierPictures: 1 }] });

  test('holds the earlier picture too, where the model is shown both', () => {
    const plan = planEngine(boardWith(), comparing, settings);
    expect(plan).toMatchObject({ contextSize: 5120, degraded: [] });
    expect(plan.reasons.context_size).toContain(
      '5008 tokens for the picture and the earlier one, prompts and answers',
    );
  });

  test('that the config fixes too small for both pictures holds one, before anything else is given up', () => {
    const plan = planEngine(boardWith(), comparing, { ...settings, contextSize: 5000 });
    expect(plan).toMatchObject({ contextSize: 5000, detail: 'full' });
    expect(plan.degraded).toEqual(['what has changed is asked without the earlier picture']);
    expect(plan.reasons.context_size).toContain('3060 tokens are needed');
  });

  test('is the config’s if it is large enough', () => {
    expect(planIn(12, { contextSize: 4096 }).contextSize).toBe(4096);
  });

  test('that the config fixes too small lowers the detail', () => {
    const plan = planIn(12, { contextSize: 1024 });
    expect(plan).toMatchObject({ detail: 'overview', contextSize: 1024, maxTokens: 256 });
    expect(plan.degraded).toEqual(['detail overview instead of full']);
  });

  test('that is too small for everything is refused, with the size needed', () => {
    const { message } = refusalOf(() => planIn(12, { contextSize: 512 }));
    expect(message).toMatch(/model\.context_size 512: .* needs 690 tokens, .*raise it to 768/);
  });
});

describe('a model that does not fit', () => {
  const overview = 'detail overview instead of full';
  const reductions = [
    [],
    ['detail balanced instead of full'],
    [overview],
    [overview, 'answers of 64 tokens instead of 256'],
    [overview, 'answers of 64 tokens instead of 256', 'KV cache in q8_0'],
  ];

  // Bytes of each choice, largest first: the reductions must follow this order.
  const grouped = 'questions answered in groups instead of all at once';
  const apart = 'what has changed is asked without the earlier picture';
  const [, balanced, lowest, shorter, smaller] = reductions as [string[], ...string[][]];

  test.each([
    ['without questions', [], reductions],
    [
      'and, before each of them, the turns that run at once',
      [{ tokens: 350, freeAnswers: 1, earlierPictures: 0 }],
      [
        ...[[], [grouped], balanced, [grouped, ...balanced!], lowest, [grouped, ...lowest!]],
        // All at once, these would take as much as the one before.
        [grouped, ...shorter!],
        ...[smaller, [grouped, ...smaller!]],
      ],
    ],
    [
      'and, before each of them, the earlier picture',
      [{ tokens: 50, freeAnswers: 1, earlierPictures: 1 }],
      [
        // Two pictures with less detail can take more than one with more.
        ...[[], [apart], [apart, ...balanced!], lowest, [apart, ...lowest!]],
        ...[[apart, ...shorter!], smaller, [apart, ...smaller!]],
      ],
    ],
  ])('gives up detail, then max_tokens, then the KV type, %s', (_, turnGroups, expected) => {
    const model = sizingWith({ turnGroups });
    const ways: (readonly string[])[] = [];
    let budget = 12 * gibibyte;
    for (;;) {
      let plan: EnginePlan;
      try {
        plan = planEngine(boardWith(), model, { ...settings, memoryBytes: budget });
      } catch {
        break;
      }
      expect(plan.memory.totalBytes).toBeLessThanOrEqual(budget);
      ways.push(plan.degraded);
      budget = plan.memory.totalBytes - 1;
    }
    expect(ways).toEqual(expected);
  });

  test('at all is refused, with the min memory needed', () => {
    const error = refusalOf(() => planIn(4));
    expect(error.message).toMatch(
      /LLaVA 7B: needs at least 5\.60 GiB .* use only 4\.00 GiB \(model\.memory\)/,
    );
    expect(error.exitCode).toBe(78);
    // The figure is right: that much is enough.
    const plan = planEngine(boardWith(), sizingWith(), { ...settings, memoryBytes: error.neededBytes });
    expect(plan.kvType).toBe('q8_0');
  });

  test('starts from the detail of the config', () => {
    expect(planIn(12, { detail: 'balanced' })).toMatchObject({ detail: 'balanced', degraded: [] });
  });

  test('keeps the only detail of a model that has no other', () => {
    const model = sizingWith({ details: [sizingWith().details[0]!] });
    expect(planEngine(boardWith(), model, { ...settings, detail: 'overview' }).detail).toBe('full');
  });
});

describe('the budget', () => {
  test('is the available memory, less five per cent for other programs', () => {
    const { budgetBytes } = planEngine(boardWith({ memory: memoryOf(8, 7.5) }), sizingWith(), settings);
    expect(budgetBytes / gibibyte).toBeCloseTo(7.5 - 0.4, 3);
  });

  test('is the cgroup’s remainder if that is less', () => {
    const memory = { ...memoryOf(16, 14), limitBytes: 8 * gibibyte, limitAvailableBytes: 7 * gibibyte };
    const plan = planEngine(boardWith({ memory }), sizingWith(), settings);
    expect(plan.budgetBytes / gibibyte).toBeCloseTo(7 - 0.4, 3);
    expect(plan.reasons.memory).toContain("left within the cgroup's limit");
  });
});

describe('the weights', () => {
  test('are read if they are repacked: a mapped file would count twice', () => {
    const plan = planEngine(boardWith(), sizingWith(), settings);
    expect(plan.useMmap).toBe(false);
    expect(plan.memory.weightsBytes).toBeCloseTo(4.78e9, -6);
  });

  test('are mapped if the kernels use them unchanged', () => {
    const model = sizingWith({ weightsBytes: 4.78e9, repackedWeightsBytes: 0 });
    expect(planEngine(boardWith(), model, settings)).toMatchObject({ useMmap: true });
  });
});

describe('the expected time', () => {
  test('is projected, with the sum of its steps', () => {
    const { expected } = planEngine(boardWith(), sizingWith(), settings);
    expect(expected).toMatchObject({ basis: 'projected' });
    const { encodeSeconds, prefillSeconds, generateSeconds, totalSeconds } = expected!;
    expect(totalSeconds).toBe(encodeSeconds + prefillSeconds + generateSeconds);
  });

  test('counts the tiles of the planned detail only', () => {
    const overview = planEngine(boardWith(), sizingWith(), { ...settings, detail: 'overview' }).expected!;
    const full = planEngine(boardWith(), sizingWith(), settings).expected!;
    expect(full.encodeSeconds / overview.encodeSeconds).toBeGreaterThan(4.5);
  });

  test('is not guessed for an unknown board', () => {
    expect(planEngine(boardWith({ model: 'Somebody' }), sizingWith(), settings).expected).toBeNull();
  });

  test('is the measured one, and so are the knobs', () => {
    const tuning: Tuning = {
      threads: 7,
      threadsBatch: 8,
      cpus: [0, 1, 6, 7, 8, 9, 10],
      ubatchSize: 288,
      flashAttention: 'off',
      cpuModule: null,
      rates: { encodeMs: 1000, prefill: 100, decode: 5 },
    };
    const plan = planEngine(boardWith(), sizingWith({ ubatchSize: 288 }), settings, tuning);
    expect(plan).toMatchObject({
      ...{ threads: 7, threadsBatch: 8, cpus: tuning.cpus, flashAttention: 'off', ubatchSize: 288 },
      reasons: {
        threads: 'measured by scenecast tune',
        threads_batch: 'while encoding and prefilling: measured by scenecast tune',
      },
    });
    expect(plan.expected).toMatchObject({
      basis: 'measured',
      encodeSeconds: 5,
      prefillSeconds: 19.98,
      generateSeconds: 12,
    });
    expect(plan.expected?.totalSeconds).toBeCloseTo(36.98);
  });
});

test('the config’s threads take precedence over tuning', () => {
  const tuning: Tuning = {
    ...{
      threads: 3,
      threadsBatch: 4,
      cpus: [0, 11],
      ubatchSize: 576,
      flashAttention: 'off',
      cpuModule: null,
    },
    rates: { encodeMs: 100, prefill: 10, decode: 5 },
  };
  const tuned = planEngine(boardWith(), sizingWith(), settings, tuning);
  expect(tuned).toMatchObject({ threads: 3, threadsBatch: 4 });
  const plan = planEngine(boardWith(), sizingWith(), { ...settings, threads: 2 }, tuning);
  expect(plan).toMatchObject({ threads: 2, threadsBatch: 2, reasons: { threads: 'model.threads' } });
});

test('a short max_tokens of the config is not raised when memory is short', () => {
  const minBytes = refusalOf(() => planIn(0.1, { maxTokens: 16 })).neededBytes!;
  const plan = planIn(minBytes / gibibyte, { maxTokens: 16 });
  expect(plan.maxTokens).toBe(16);
});

test('the few weights copied out of a mapped file are counted in addition', () => {
  const repackedWeightsBytes = 1e6;
  const without = planEngine(boardWith(), sizingWith({ repackedWeightsBytes: 0 }), settings);
  const plan = planEngine(boardWith(), sizingWith({ repackedWeightsBytes }), settings);
  expect(plan.useMmap).toBe(true);
  expect(plan.memory.weightsBytes - without.memory.weightsBytes).toBe(repackedWeightsBytes);
});

test('the headroom is a twentieth of all memory, within bounds', () => {
  const freeOf = (gibibytes: number): number => {
    const memory = memoryOf(gibibytes, gibibytes);
    const { budgetBytes } = planEngine(boardWith({ memory }), sizingWith(), settings);
    return Math.round((memory.availableBytes - budgetBytes) / 1024 ** 2);
  };
  expect([freeOf(8), freeOf(32)]).toEqual([410, 512]);
  const { budgetBytes } = refusalOf(() =>
    planEngine(boardWith({ memory: memoryOf(1, 1) }), sizingWith(), settings),
  );
  expect(Math.round((gibibyte - budgetBytes!) / 1024 ** 2)).toBe(64);
});

describe('with a limit of image tokens', () => {
  /** As sized for a limit. */
  function limitedTo(maxImageTokens: number): ModelSizing {
    const [full, balanced, overview] = sizingWith().details as [DetailSizing, DetailSizing, DetailSizing];
    const limited = (detail: DetailSizing, fixedTokens: number): DetailSizing => ({
      ...detail,
      imageTokens: maxImageTokens > fixedTokens ? Math.min(detail.imageTokens, maxImageTokens) : 576,
      limit: { wholeTokens: detail.imageTokens, fixedTokens },
    });
    return sizingWith({ details: [limited(full, 604), limited(balanced, 620), overview] });
  }
  const planOf = (maxImageTokens: number, changes: Partial<PlanSettings> = {}): EnginePlan =>
    planEngine(boardWith(), limitedTo(maxImageTokens), { ...settings, maxImageTokens, ...changes });
  const whole = planEngine(boardWith(), sizingWith(), settings);

  test('context and prefill shrink, encoding and the buffers of a picture do not', () => {
    const plan = planOf(900);
    expect(plan).toMatchObject({ imageTokens: 900, maxImageTokens: 900, contextSize: 1280, detail: 'full' });
    expect(plan.memory.pictureBytes).toBe(whole.memory.pictureBytes);
    expect(plan.expected!.prefillSeconds).toBeLessThan(0.5 * whole.expected!.prefillSeconds);
    // But for the projector, which makes fewer tokens.
    expect(plan.expected!.encodeSeconds / whole.expected!.encodeSeconds).toBeCloseTo(1, 1);
    expect(plan.reasons.detail).toMatch(
      /^900 of 1948 image tokens for the largest picture \(model\.image_tokens\)$/,
    );
  });

  test('that is no lower than what a picture takes changes nothing, and the plan says so', () => {
    const plan = planOf(1948);
    expect({ ...plan, reasons: null, maxImageTokens: null }).toEqual({ ...whole, reasons: null });
    expect(plan.reasons.detail).toMatch(/^1948 .* \(model\.image_tokens allows 1948\)$/);
    expect(whole.maxImageTokens).toBeNull();
    expect(whole.reasons.detail).not.toContain('image_tokens');
  });

  test('that leaves no room for a patch is refused, with the lowest that does and another way', () => {
    const { message, neededBytes, mayPass } = refusalOf(() => planOf(604, { key: 'models.quick' }));
    expect(message).toMatch(/^models\.quick\.image_tokens 604: .* overview and newlines take 604/);
    expect(message).toMatch(
      /raise it to at least 605, or remove it and set models\.quick\.detail: overview$/,
    );
    expect([neededBytes, mayPass]).toEqual([null, false]);
    expect(planOf(605).imageTokens).toBe(605);
  });

  test('levels of detail that have no room for a patch are left out where memory is short', () => {
    const plan = planOf(610, { contextSize: 900 });
    expect(plan).toMatchObject({ detail: 'overview', maxImageTokens: null });
    expect(plan.reasons.detail).toMatch(/; model\.image_tokens has no effect on an overview$/);
  });

  test('has no effect on an overview, or on a model that cannot do that, and the plan says so', () => {
    const overview = planOf(500, { detail: 'overview' });
    expect(overview).toMatchObject({ imageTokens: 576, maxImageTokens: null });
    expect(overview.reasons.detail).toMatch(/; model\.image_tokens has no effect on an overview$/);
    const plan = planEngine(boardWith(), sizingWith(), { ...settings, maxImageTokens: 500 });
    expect(plan).toMatchObject({ imageTokens: 1948, maxImageTokens: null });
    expect(plan.reasons.detail).toMatch(/; model\.image_tokens has no effect, as only pictures in tiles/);
  });
});

describe('with only what has changed shown closely', () => {
  const changed = { imageTokens: 859, squares: [576, 576, 576] };
  const [full, ...lower] = sizingWith().details;
  const model = sizingWith({ details: [{ ...full!, changed }, ...lower] });
  const wanted = { ...settings, changedOnly: true };

  test('the context holds a whole picture, and the time after a change is expected', () => {
    const plan = planEngine(boardWith(), model, wanted);
    const whole = planEngine(boardWith(), model, settings);
    expect(whole.changed).toBeNull();
    expect(plan).toMatchObject({ contextSize: whole.contextSize, imageTokens: 1948, detail: 'full' });
    expect(plan.expected).toEqual(whole.expected);
    expect(plan.changed?.imageTokens).toBe(859);
    expect(plan.changed!.expected!.prefillSeconds).toBeLessThan(0.5 * whole.expected!.prefillSeconds);
    expect(plan.changed!.expected!.encodeSeconds).toBeLessThan(0.65 * whole.expected!.encodeSeconds);
    expect(detailOf(plan)).toBe('changed');
    expect(plan.reasons.detail).toMatch(/1948 .* largest picture, about 859 after a change/);
  });

  test('measured rates hold for it too', () => {
    const rates = { encodeMs: 1000, prefill: 100, decode: 10 };
    const cpus = [0, 11];
    const others = { ubatchSize: 576, flashAttention: 'off', cpuModule: null } as const;
    const tuning: Tuning = { threads: 3, threadsBatch: 4, cpus, ...others, rates };
    const plan = planEngine(boardWith(), model, wanted, tuning);
    expect(plan.changed?.expected).toMatchObject({ basis: 'measured', encodeSeconds: 3 });
    expect(plan.expected).toMatchObject({ encodeSeconds: 5 });
  });

  test('a model that cannot do that looks at everything, and the plan says so', () => {
    const plan = planEngine(boardWith(), sizingWith(), { ...wanted, key: 'models.quick' });
    expect(plan.changed).toBeNull();
    expect(detailOf(plan)).toBe('full');
    expect(plan.reasons.detail).toMatch(/models\.quick\.detail: changed has no effect/);
  });
});
