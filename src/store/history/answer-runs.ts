import type { PastObservation } from '../../domain/history.ts';
import type { Answer } from '../../domain/observation.ts';

/** Equal answers that are further apart make two runs: what was so in between is unknown. */
export const minGapMs = 15 * 60_000;

/**
 * Consecutive equal answers of a camera to a question, and when the first and the last of them were captured, in
 * milliseconds since 1970. A tuple, since a timeline reads a hundred thousand.
 */
export type AnswerRun = readonly [value: Answer | null, sinceMs: number, untilMs: number];

/** An observation with its number and time. */
export interface NumberedObservation {
  readonly number: number;
  readonly atMs: number;
  readonly observation: PastObservation;
  /** The questions whose answers are uncertain. */
  readonly uncertain: readonly string[];
}

/** What an observation says about its questions; null: its answer is uncertain, or there is none. */
export function valuesOf({
  observation: { answers },
  uncertain,
}: Pick<NumberedObservation, 'observation' | 'uncertain'>): [question: string, value: Answer | null][] {
  return Object.entries(answers).map(([question, value]) => [
    question,
    uncertain.includes(question) ? null : value,
  ]);
}

/**
 * The runs of answers in consecutive observations as JSON: by camera, then by question, oldest first. Their times are stored
 * as those since `fromMs`, which are shorter.
 */
export function packRuns(observations: readonly NumberedObservation[], fromMs: number): string {
  const cameras = new Map<string, Map<string, AnswerRun[]>>();
  for (const recorded of observations) {
    const { atMs, observation } = recorded;
    const questions = cameras.get(observation.camera) ?? new Map<string, AnswerRun[]>();
    cameras.set(observation.camera, questions);
    for (const [question, value] of valuesOf(recorded)) {
      const runs = questions.get(question) ?? [];
      questions.set(question, runs);
      addRun(runs, [value, atMs - fromMs, atMs - fromMs]);
    }
  }
  const byCamera = [...cameras].map(([camera, questions]) => [camera, Object.fromEntries(questions)]);
  return JSON.stringify(Object.fromEntries(byCamera));
}

/** Identifies a question of a camera. */
export function seriesOf(camera: string, question: string): string {
  return JSON.stringify([camera, question]);
}

/**
 * The runs of consecutive blocks as JSON by series, oldest first. Their times are stored as those since `fromMs`.
 * @param blocks each as `packRuns` has it
 */
export function foldRuns(
  blocks: readonly { readonly fromMs: number; readonly runs: string }[],
  fromMs: number,
): Map<string, string> {
  const series = new Map<string, AnswerRun[]>();
  for (const block of blocks)
    for (const [camera, questions] of Object.entries<Record<string, AnswerRun[]>>(JSON.parse(block.runs)))
      for (const [question, runs] of Object.entries(questions)) {
        const key = seriesOf(camera, question);
        const folded = series.get(key) ?? [];
        series.set(key, folded);
        for (const run of movedRuns(runs, block.fromMs - fromMs)) addRun(folded, run);
      }
  return new Map([...series].map(([key, runs]) => [key, JSON.stringify(runs)]));
}

/** The runs of one camera and question, from what `packRuns` has for them. */
export function unpackRuns(json: string, fromMs: number): AnswerRun[] {
  return movedRuns(JSON.parse(json), fromMs);
}

function movedRuns(runs: readonly AnswerRun[], byMs: number): AnswerRun[] {
  return runs.map(([value, sinceMs, untilMs]) => [value, byMs + sinceMs, byMs + untilMs]);
}

function addRun(runs: AnswerRun[], run: AnswerRun): void {
  const joined = runs.length > 0 ? joinRuns(runs.at(-1)!, run, minGapMs) : null;
  if (joined) runs[runs.length - 1] = joined;
  else runs.push(run);
}

/** Two runs that follow each other as one; null if their answers differ or are too far apart. */
export function joinRuns(earlier: AnswerRun, later: AnswerRun, maxGapMs: number): AnswerRun | null {
  const [value, sinceMs, untilMs] = later;
  // After the clock was set back, times say nothing about what lies between.
  const gapMs = Math.abs(sinceMs - earlier[2]);
  if (earlier[0] !== value || gapMs > maxGapMs) return null;
  // Of two models, the slower one reports an earlier picture later.
  return [value, Math.min(earlier[1], sinceMs), Math.max(earlier[2], untilMs)];
}
