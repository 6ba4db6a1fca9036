import type { Rates, Tuning } from './plan-engine.ts';

/** Settings to run the engine with. */
export type TuneChoice = Omit<Tuning, 'rates'>;

/** The values to try for each knob; they need not include the start's own. */
export interface TuneSpace {
  readonly cpuModules: readonly TuneChoice['cpuModule'][];
  readonly cpus: readonly Pick<TuneChoice, 'threads' | 'threadsBatch' | 'cpus'>[];
  readonly threadsBatch: readonly number[];
  readonly threads: readonly number[];
  readonly flashAttention: readonly TuneChoice['flashAttention'][];
  readonly ubatchSizes: readonly number[];
}

export interface TuneOptions {
  /** The untuned plan's settings. */
  readonly start: TuneChoice;
  readonly space: TuneSpace;
  /** Seconds for a description at these rates; lower is better. */
  readonly secondsOf: (rates: Rates) => number;
  readonly measure: (choice: TuneChoice) => Promise<Rates>;
  /** Measurements of an interrupted run, by {@link choiceKey}. */
  readonly known: ReadonlyMap<string, Rates>;
  readonly onMeasured: (choice: TuneChoice, rates: Rates, isKnown: boolean) => Promise<void> | void;
}

export interface TuneResult {
  readonly best: Tuning;
  /** The untuned plan's, measured in turn with the best at the end. */
  readonly startRates: Rates;
}

/** Smaller relative differences are noise. */
const minGain = 0.02;
/** How often the best and the start are measured in turn at the end. */
const checks = 3;

/** A key for a choice: equal choices have equal keys. */
export function choiceKey(choice: TuneChoice): string {
  const { cpuModule, threads, threadsBatch, cpus, flashAttention, ubatchSize } = choice;
  return JSON.stringify([cpuModule, threads, threadsBatch, cpus, flashAttention, ubatchSize]);
}

/** Max measurements of a run, with the final ones. */
export function countMeasurements(space: TuneSpace): number {
  const values = Object.values<readonly unknown[]>({ ...space });
  return 1 + values.reduce((sum, { length }) => sum + length, 0) + 2 * checks;
}

/**
 * Tries one knob after another, the most effective first, and keeps faster values: the knobs are nearly independent,
 * and a full grid would take hours on a board. At the end the best is measured again, in turn with the start, and must
 * still win, so that tuning never makes things worse.
 */
export async function tune(options: TuneOptions): Promise<TuneResult> {
  const { start, space, secondsOf, measure, known, onMeasured } = options;
  const measured = new Map(known);
  const ratesOf = async (choice: TuneChoice): Promise<Rates> => {
    const key = choiceKey(choice);
    const found = measured.get(key);
    const rates = found ?? (await measure(choice));
    measured.set(key, rates);
    await onMeasured(choice, rates, found !== undefined);
    return rates;
  };
  let best = { choice: start, seconds: secondsOf(await ratesOf(start)) };
  const knobs: Partial<TuneChoice>[][] = [
    space.cpuModules.map((cpuModule) => ({ cpuModule })),
    [...space.cpus],
    space.threadsBatch.map((threadsBatch) => ({ threadsBatch })),
    space.threads.map((threads) => ({ threads })),
    space.flashAttention.map((flashAttention) => ({ flashAttention })),
    space.ubatchSizes.map((ubatchSize) => ({ ubatchSize })),
  ];
  for (const values of knobs) {
    const base = best.choice;
    for (const value of values) {
      const choice = { ...base, ...value };
      if (choiceKey(choice) === choiceKey(base)) continue;
      const seconds = secondsOf(await ratesOf(choice));
      if (seconds < best.seconds * (1 - minGain)) best = { choice, seconds };
    }
  }
  return check(best.choice, options);
}

async function check(
  best: TuneChoice,
  { start, secondsOf, measure, onMeasured }: TuneOptions,
): Promise<TuneResult> {
  const runs: Record<'start' | 'best', Rates[]> = { start: [], best: [] };
  const isStart = choiceKey(best) === choiceKey(start);
  for (let run = 0; run < checks; run++) {
    for (const which of isStart ? (['start'] as const) : (['start', 'best'] as const)) {
      const choice = which === 'start' ? start : best;
      const rates = await measure(choice);
      runs[which].push(rates);
      await onMeasured(choice, rates, false);
    }
  }
  const medianOf = (all: readonly Rates[]): Rates =>
    all.toSorted((a, b) => secondsOf(a) - secondsOf(b))[Math.floor(all.length / 2)]!;
  const startRates = medianOf(runs.start);
  if (isStart) return { best: { ...start, rates: startRates }, startRates };
  const rates = medianOf(runs.best);
  return secondsOf(rates) < secondsOf(startRates)
    ? { best: { ...best, rates }, startRates }
    : { best: { ...start, rates: startRates }, startRates };
}
