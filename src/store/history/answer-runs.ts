import type { AnswerRun, PastObservation } from '../../domain/history.ts';

/** Equal answers that are further apart make two runs: nobody knows what was so in between. */
const maxGapMs = 15 * 60_000;

/** An observation with its number and time. */
export interface NumberedObservation {
  readonly number: number;
  readonly atMs: number;
  readonly observation: PastObservation;
}

/** A run as it is stored, which is shorter. */
type StoredRun = readonly [
  value: AnswerRun['value'],
  sinceMs: number,
  untilMs: number,
  count: number,
  first: number,
  last: number,
];

/** The runs of answers in consecutive observations as JSON: by camera, then by question, oldest first. */
export function packRuns(observations: readonly NumberedObservation[]): string {
  const cameras = new Map<string, Map<string, AnswerRun[]>>();
  for (const { number, atMs, observation } of observations) {
    const questions = cameras.get(observation.camera) ?? new Map<string, AnswerRun[]>();
    cameras.set(observation.camera, questions);
    for (const [question, value] of Object.entries(observation.answers)) {
      const runs = questions.get(question) ?? [];
      questions.set(question, runs);
      const run = { value, sinceMs: atMs, untilMs: atMs, count: 1, first: number, last: number };
      const joined = runs.length > 0 ? joinRuns(runs.at(-1)!, run) : null;
      if (joined) runs[runs.length - 1] = joined;
      else runs.push(run);
    }
  }
  const stored = [...cameras].map(([camera, questions]) => {
    const byQuestion = [...questions].map(([question, runs]) => [question, runs.map(storedOf)]);
    return [camera, Object.fromEntries(byQuestion)];
  });
  return JSON.stringify(Object.fromEntries(stored));
}

/** The runs of one camera and question, from what `packRuns` has for them. */
export function unpackRuns(json: string): AnswerRun[] {
  return (JSON.parse(json) as StoredRun[]).map(([value, sinceMs, untilMs, count, first, last]) => ({
    value,
    sinceMs,
    untilMs,
    count,
    first,
    last,
  }));
}

/** Two runs that follow each other as one; null if their answers differ or are too far apart. */
export function joinRuns(earlier: AnswerRun, later: AnswerRun): AnswerRun | null {
  if (earlier.value !== later.value || later.sinceMs - earlier.untilMs > maxGapMs) return null;
  return {
    value: later.value,
    // Of two models, the slower one reports an earlier picture later.
    sinceMs: Math.min(earlier.sinceMs, later.sinceMs),
    untilMs: Math.max(earlier.untilMs, later.untilMs),
    count: earlier.count + later.count,
    first: earlier.first,
    last: later.last,
  };
}

function storedOf({ value, sinceMs, untilMs, count, first, last }: AnswerRun): StoredRun {
  return [value, sinceMs, untilMs, count, first, last];
}
