import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Rates, Tuning } from '../../src/planning/plan-engine.ts';
import {
  choiceKey,
  countMeasurements,
  type TuneChoice,
  type TuneOptions,
  tune,
} from '../../src/planning/tune.ts';
import { TuneStore } from '../../src/planning/tune-store.ts';

const start: TuneChoice = {
  threads: 4,
  threadsBatch: 4,
  cpus: null,
  ubatchSize: 576,
  flashAttention: 'auto',
  cpuModule: '/ours.so',
};
const space: TuneOptions['space'] = {
  cpuModules: ['/ours.so', null],
  cpus: [{ threads: 6, threadsBatch: 6, cpus: [0, 1, 2, 3, 4, 5] }],
  threadsBatch: [4, 3, 2],
  threads: [4, 3, 2],
  flashAttention: ['on', 'off'],
  ubatchSizes: [576, 288],
};
const ratesOf = (seconds: number): Rates => ({ encodeMs: seconds, prefill: 1, decode: 1 });

/** A board whose speed follows from the choice. */
function boardOf(secondsOf: (choice: TuneChoice, count: number) => number): {
  measured: string[];
  options: TuneOptions;
} {
  const measured: string[] = [];
  const options: TuneOptions = {
    start,
    space,
    secondsOf: ({ encodeMs }) => encodeMs,
    known: new Map(),
    measure: async (choice) => {
      measured.push(choiceKey(choice));
      return ratesOf(secondsOf(choice, measured.length));
    },
    onMeasured: () => {},
  };
  return { measured, options };
}

describe('tune', () => {
  test('finds the best of each knob', async () => {
    const { options, measured } = boardOf(
      ({ threads, threadsBatch, flashAttention, ubatchSize, cpuModule }) =>
        10 +
        Math.abs(threads - 3) +
        Math.abs(threadsBatch - 2) +
        (flashAttention === 'off' ? 0 : 2) +
        ubatchSize / 576 +
        (cpuModule ? 0 : 5),
    );
    const { best, startRates } = await tune(options);
    expect(best).toEqual({
      ...start,
      threads: 3,
      threadsBatch: 2,
      flashAttention: 'off',
      ubatchSize: 288,
      rates: ratesOf(10.5),
    });
    expect(startRates).toEqual(ratesOf(16));
    expect(measured.length).toBeLessThanOrEqual(countMeasurements(space));
  });

  test('judges by the median of the last measurements, not by one lucky run', async () => {
    // Three threads look faster at first; at the end they are slower, except once.
    const ofThree = [9, 5, 20, 20];
    const { options } = boardOf(({ threads }) => (threads === 3 ? ofThree.shift()! : 10));
    const onlyThreads = {
      ...{ cpuModules: [], cpus: [], threadsBatch: [], threads: [3], flashAttention: [], ubatchSizes: [] },
    };
    expect((await tune({ ...options, space: onlyThreads })).best.threads).toBe(4);
  });

  test('keeps the start if nothing is clearly faster', async () => {
    const { options } = boardOf(({ threads }) => (threads === 3 ? 9.9 : 10));
    expect((await tune(options)).best).toEqual({ ...start, rates: ratesOf(10) });
  });

  test('keeps the start if a gain does not last', async () => {
    // The first measurement of three threads was luck.
    const { options } = boardOf(({ threads }, count) =>
      threads === 3 && count < 8 ? 5 : threads === 3 ? 12 : 10,
    );
    expect((await tune(options)).best).toEqual({ ...start, rates: ratesOf(10) });
  });

  test('measures nothing twice after an interruption, except the check at the end', async () => {
    const speed = ({ threads }: TuneChoice): number => threads;
    const first = boardOf(speed);
    const known = new Map<string, Rates>();
    const interrupted = tune({
      ...first.options,
      measure: async (choice) => {
        if (known.size === 4) throw new Error('interrupted');
        const rates = await first.options.measure(choice);
        known.set(choiceKey(choice), rates);
        return rates;
      },
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    const second = boardOf(speed);
    const { best } = await tune({ ...second.options, known });
    expect(best.threads).toBe(2);
    const again = second.measured.slice(0, -6).filter((key) => known.has(key));
    expect(again).toEqual([]);
  });
});

describe('TuneStore', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scenecast-tune-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('keeps an entry per model, across processes', async () => {
    const path = join(folder, 'below', 'tune.json');
    const entry = { best: { ...start, rates: ratesOf(2) }, measured: { a: ratesOf(2) } };
    await new TuneStore(path).write('one', entry);
    await new TuneStore(path).write('two', { best: null, measured: {} });
    expect(await new TuneStore(path).read('one')).toEqual(entry);
    expect(await new TuneStore(path).read('three')).toEqual({ best: null, measured: {} });
  });

  test('reads one number of threads, as earlier versions wrote it, as that of both phases', async () => {
    const path = join(folder, 'earlier.json');
    const { threadsBatch: _, ...earlier } = { ...start, threads: 3, rates: ratesOf(2) };
    await new TuneStore(path).write('one', { best: earlier as Tuning, measured: {} });
    expect(await readFile(path, 'utf8')).not.toContain('threadsBatch');
    expect((await new TuneStore(path).read('one')).best).toEqual({ ...earlier, threadsBatch: 3 });
  });

  test('treats a damaged file as empty, and rewrites it', async () => {
    const path = join(folder, 'damaged.json');
    await writeFile(path, '{"version":1,"models":{"one":{"best":{"threads":0}}}}');
    const store = new TuneStore(path);
    expect(await store.read('one')).toEqual({ best: null, measured: {} });
    await store.write('two', { best: null, measured: { a: ratesOf(1) } });
    expect(JSON.parse(await readFile(path, 'utf8')).models).toEqual({
      two: { best: null, measured: { a: ratesOf(1) } },
    });
  });
});
