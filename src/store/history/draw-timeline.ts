import type { AnswerBand, AnswerTotal, TimelineRequest } from '../../domain/history.ts';
import type { Answer } from '../../domain/observation.ts';
import { type AnswerRun, joinRuns, minGapMs } from './answer-runs.ts';

const maxGapMs = 7 * 86_400_000;
const maxTotals = 12;
const maxLongest = 10;
/** Of a text that is an answer. */
const maxLetters = 200;

interface Drawn {
  readonly value: Answer | null;
  isMixed: boolean;
  sinceMs: number;
  readonly untilMs: number;
  /** It consists of stretches that are too short to be drawn. */
  readonly isSmall: boolean;
}

type Total = { totalMs: number; stretches: number; readonly longest: { sinceMs: number; untilMs: number }[] };

/** How long after an answer the next one may come. */
export function gapOf({ maxGapMs: asked = minGapMs }: TimelineRequest): number {
  return Math.min(Math.max(asked, minGapMs), maxGapMs);
}

/**
 * Draws a timeline from runs that arrive newest first, of which it keeps only what is drawn. Of two neighbouring bands,
 * one is at least `#minBandMs` long, or the gap between them is; the others are drawn together. That limits their number.
 */
export class TimelineDrawing {
  readonly #request: TimelineRequest;
  readonly #gapMs: number;
  readonly #minBandMs: number;
  /** Newest first. */
  readonly #bands: Drawn[] = [];
  readonly #totals = new Map<Answer | null, Total>();
  /** The stretch that older runs may still belong to. */
  #run: AnswerRun | null = null;
  /** Until when it held. */
  #heldMs = 0;
  /** Where the stretch that follows it begins. */
  #nextMs = Infinity;

  constructor(request: TimelineRequest) {
    const { sinceMs, untilMs, maxBands } = request;
    this.#request = request;
    this.#gapMs = gapOf(request);
    const parts = Math.max(1, Math.floor((Math.min(maxBands, 4000) - 1) / 2));
    this.#minBandMs = (untilMs - sinceMs) / parts;
  }

  /** @returns whether older runs matter too */
  add(run: AnswerRun): boolean {
    const [, sinceMs, untilMs] = run;
    const later = this.#run;
    const joined = later && joinRuns(run, later, this.#gapMs);
    if (joined) this.#run = joined;
    else {
      this.#finish();
      const isHeld = later !== null && later[1] - untilMs <= this.#gapMs;
      this.#run = run;
      // What was described later may have been captured earlier: by the slower of two models, or before the clock was set back.
      this.#heldMs = Math.min(this.#nextMs, isHeld ? later[1] : untilMs);
    }
    return sinceMs >= this.#request.sinceMs;
  }

  /** From where on all runs have been added. */
  get drawnSinceMs(): number {
    const { sinceMs, untilMs } = this.#request;
    return Math.min(untilMs, Math.max(sinceMs, this.#run?.[1] ?? untilMs));
  }

  /** Ends the oldest stretch. */
  end(): { readonly bands: AnswerBand[]; readonly totals: AnswerTotal[] } {
    this.#finish();
    this.#run = null;
    const bands = this.#bands.map(({ value, isMixed, sinceMs, untilMs }) => ({
      value: isMixed ? null : cut(value),
      isMixed,
      sinceMs,
      untilMs,
    }));
    const totals = [...this.#totals].map(([value, total]) => ({ value: cut(value), ...total }));
    totals.sort((a, b) => b.totalMs - a.totalMs || b.stretches - a.stretches);
    return { bands: bands.reverse(), totals: totals.slice(0, maxTotals) };
  }

  #finish(): void {
    if (!this.#run) return;
    const [value, seenMs, lastSeenMs] = this.#run;
    const { sinceMs, untilMs } = this.#request;
    this.#nextMs = Math.min(seenMs, this.#heldMs);
    const isWithin = this.#nextMs < untilMs && (this.#heldMs > sinceMs || lastSeenMs >= sinceMs);
    if (!isWithin) return;
    const [fromMs, toMs] = [Math.max(this.#nextMs, sinceMs), Math.min(this.#heldMs, untilMs)];
    this.#count(value, fromMs, toMs);
    this.#draw(value, fromMs, toMs);
  }

  #count(value: Answer | null, sinceMs: number, untilMs: number): void {
    const total = this.#totals.get(value) ?? { totalMs: 0, stretches: 0, longest: [] };
    if (total.stretches === 0) this.#totals.set(value, total);
    const lengthMs = untilMs - sinceMs;
    total.totalMs += lengthMs;
    total.stretches++;
    const { longest } = total;
    const shortest = longest.at(-1);
    if (longest.length === maxLongest && shortest && lengthMs <= shortest.untilMs - shortest.sinceMs) return;
    const place = longest.findIndex((other) => other.untilMs - other.sinceMs < lengthMs);
    longest.splice(place < 0 ? longest.length : place, 0, { sinceMs, untilMs });
    longest.length = Math.min(longest.length, maxLongest);
  }

  #draw(value: Answer | null, sinceMs: number, untilMs: number): void {
    const isSmall = untilMs - sinceMs < this.#minBandMs;
    const later = this.#bands.at(-1);
    if (isSmall && later?.isSmall && later.sinceMs - untilMs < this.#minBandMs) {
      later.sinceMs = sinceMs;
      later.isMixed ||= later.value !== value;
    } else this.#bands.push({ value, isMixed: false, sinceMs, untilMs, isSmall });
  }
}

function cut(value: Answer | null): Answer | null {
  return typeof value === 'string' && value.length > maxLetters
    ? `${value.slice(0, maxLetters - 1)}…`
    : value;
}
