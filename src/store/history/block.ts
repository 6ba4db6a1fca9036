import { isPlausible } from '../../domain/clock.ts';
import type { PastObservation } from '../../domain/history.ts';
import type { JudgedAnswer } from '../../domain/observation.ts';
import { packBody, unpackBody } from '../packed-body.ts';
import { type NumberedObservation, packRuns } from './answer-runs.ts';

/** Up to which entry of which outbox the history has everything. */
export interface OutboxMark {
  readonly outbox: string;
  readonly seq: number;
}

/** Consecutive observations, stored in one row: compressed together they take a third of what each takes alone. */
export interface Block {
  readonly observations: readonly NumberedObservation[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly runs: string;
  readonly packed: Uint8Array;
}

/** Packs observations, at least one, under consecutive numbers from `first`. */
export function packBlock(recorded: readonly Omit<NumberedObservation, 'number'>[], first: number): Block {
  const observations = recorded.map((each, index) => ({ ...each, number: first + index }));
  const times = observations.map(({ atMs }) => atMs);
  const fromMs = Math.min(...times);
  return {
    observations,
    fromMs,
    untilMs: Math.max(...times),
    runs: packRuns(observations, fromMs),
    packed: packBody(observations.map(packObservation).join('\n')),
  };
}

/** JSON has neither tabs nor line ends of its own. */
function packObservation({ atMs, observation, uncertain }: NumberedObservation): PackedObservation {
  const more = uncertain.length > 0 ? `\t${JSON.stringify(uncertain)}` : '';
  return `${atMs} ${JSON.stringify(observation)}${more}`;
}

/** An observation of a block without its number, before it is parsed: the others of its block are seldom needed. */
export type PackedObservation = string;

/** The observations of a block, in order; none if its bytes are damaged, which costs this block and no other. */
export function unpackBlock(packed: Uint8Array): readonly PackedObservation[] {
  const text = unpackBody(packed);
  return text === '' ? [] : text.split('\n');
}

export function unpackObservation(packed: PackedObservation, number: number): NumberedObservation {
  const space = packed.indexOf(' ');
  const [observation = '', uncertain = '[]'] = packed.slice(space + 1).split('\t');
  return {
    number,
    atMs: Number(packed.slice(0, space)),
    observation: JSON.parse(observation),
    uncertain: JSON.parse(uncertain),
  };
}

/**
 * The observation in the body of an outbox entry, with the time that it counts at: of the capture, or now if the clock was
 * not set then. null: the body has none.
 */
export function recordedOf(body: string): Omit<NumberedObservation, 'number'> | null {
  const stored = storedIn(body);
  if (!stored) return null;
  const { description: observation, judged = {} } = stored;
  const capturedAt = new Date(observation.captured_at);
  const atMs = isPlausible(capturedAt) ? capturedAt.getTime() : Date.now();
  const uncertain = Object.keys(judged).filter((question) => judged[question]?.value === null);
  return { observation, atMs, uncertain };
}

/** What the publisher stores, as far as the history reads it. */
interface Stored {
  readonly description: PastObservation;
  readonly judged?: Readonly<Record<string, JudgedAnswer>>;
}

function storedIn(body: string): Stored | null {
  try {
    const stored = JSON.parse(body);
    const { id, camera, captured_at, answers } = stored.description;
    const isWhole = [id, camera, captured_at].every((field) => typeof field === 'string');
    return isWhole && typeof answers === 'object' && answers !== null ? stored : null;
  } catch {
    return null;
  }
}
