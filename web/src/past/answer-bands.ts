import type { WindowTimeline } from '../../../src/contract/window-history.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import type { Day } from './days.ts';

/** A part of a day in which a question had one answer. */
export interface DayBand {
  /** null: uncertain, or mixed. */
  readonly value: Answer | null;
  /** Several answers, each for too short a time to be drawn. */
  readonly isMixed: boolean;
  /** Of the day, from 0 to 1. */
  readonly from: number;
  readonly to: number;
  /** When the answer began, which may be before the day. */
  readonly since: string;
}

export interface DayTotal {
  readonly value: Answer | null;
  readonly totalMs: number;
}

/** What of a timeline falls on a day, oldest first. */
export function bandsOfDay(bands: WindowTimeline['bands'], { startMs, endMs }: Day): DayBand[] {
  const share = (ms: number): number => Math.min(1, Math.max(0, (ms - startMs) / (endMs - startMs)));
  return bands
    .filter(({ since, until }) => Date.parse(until) >= startMs && Date.parse(since) < endMs)
    .map(({ value, mixed, since, until }) => ({
      value,
      isMixed: mixed,
      from: share(Date.parse(since)),
      to: share(Date.parse(until)),
      since,
    }));
}

/** How long each answer held on a day, the longest first; without what is mixed. */
export function totalsOfDay(bands: readonly DayBand[], { startMs, endMs }: Day): DayTotal[] {
  const totals = new Map<Answer | null, number>();
  for (const { value, isMixed, from, to } of bands)
    if (!isMixed) totals.set(value, (totals.get(value) ?? 0) + (to - from) * (endMs - startMs));
  return [...totals].map(([value, totalMs]) => ({ value, totalMs })).sort((a, b) => b.totalMs - a.totalMs);
}
