import type { Rates } from './board-rates.ts';
import type { Tuning } from './plan-engine.ts';

/** One way to run the engine. */
export type TuneChoice = Omit<Tuning, 'rates'>;

/** What is tried of each knob; the start's own value need not be among them. */
export interface TuneSpace {
  readonly cpuModules: readonly TuneChoice['cpuModule'][];
  readonly threads: readonly Pick<TuneChoice, 'threads' | 'cpus'>[];
  readonly flashAttention: readonly TuneChoice['flashAttention'][];
  readonly ubatchSizes: readonly number[];
}

export interface TuneOptions {
  /** The untuned plan's. */
  readonly start: TuneChoice;
  readonly space: TuneSpace;
  /** What a description costs at these rates, in seconds: the less, the better. */
  readonly secondsOf: (rates: Rates) => number;
  readonly measure: (choice: TuneChoice) => Promise<Rates>;
  /** What an earlier, interrupted run has measured, by {@link choiceKey}. */
  readonly known: ReadonlyMap<string, Rates>;
  readonly onMeasured: (choice: TuneChoice, rates: Rates, isKnown: boolean) => Promise<void> | void;
}

export interface TuneResult {
  readonly best: Tuning;
  /** The untuned plan's, measured beside the best at the end. */
  readonly startRates: Rates;
}

/** Differences below this share are noise. */
const leastGain = 0.02;
/** How often the best and the start are measured beside each other at the end. */
const checks = 3;

/** Names a choice: equal choices have equal keys. */
export function choiceKey({ cpuModule, threads, cpus, flashAttention, ubatchSize }: TuneChoice): string {
  return JSON.stringify([cpuModule, threads, cpus, flashAttention, ubatchSize]);
}

/** How many measurements a run makes at most, the final ones included. */
export function countMeasurements({ cpuModules, threads, flashAttention, ubatchSizes }: TuneSpace): number {
  return 1 + cpuModules.length + threads.length + flashAttention.length + ubatchSizes.length + 2 * checks;
}

/**
 * Tries one knob after the other, the most telling first, and keeps what is faster: the knobs are nearly independent,
 * and a full grid would take hours on a board. In the end the best is measured again, in turn with the start, and must
 * still win: so tuning never makes things worse.
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
    [...space.threads],
    space.flashAttention.map((flashAttention) => ({ flashAttention })),
    space.ubatchSizes.map((ubatchSize) => ({ ubatchSize })),
  ];
  for (const values of knobs) {
    const base = best.choice;
    for (const value of values) {
      const choice = { ...base, ...value };
      if (choiceKey(choice) === choiceKey(base)) continue;
      const seconds = secondsOf(await ratesOf(choice));
      if (seconds < best.seconds * (1 - leastGain)) best = { choice, seconds };
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
