import { getTimes } from 'suncalc';
import type { DayTime, HoursRange, HoursState, WorkingHours } from '../domain/working-hours.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** A range over midnight, or one that begins long before its day's noon, may reach from these days into today. */
const daysBack = 2;
const daysAhead = 9;
const horizonMs = 7 * dayMs;
/**
 * Shorter ranges and gaps do not count. During a polar day each sunset is a few seconds before or after the next sunrise.
 */
const minSpanMs = minuteMs;

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Whether `now` is within the hours, by the clock and time zone of the process. A time that a change of the clocks skips is
 * as much later as the clocks go forward; one that comes twice is the first.
 *
 * A range belongs to the day on which it begins. When the sun does not rise, sunrise and sunset are both at solar noon; when
 * it does not set, they are at the solar midnights before and after: what they come to as such days draw near.
 */
export function hoursAt({ ranges, location }: WorkingHours, now: Date): HoursState {
  const spans: Span[] = [];
  for (let shift = -daysBack; shift <= daysAhead; shift++) {
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + shift);
    for (const range of ranges) {
      if (!range.days.includes(day.getDay())) continue;
      const to = new Date(day);
      if (endsNextDay(range)) to.setDate(to.getDate() + 1);
      spans.push({ from: instantOf(range.from, day, location), to: instantOf(range.to, to, location) });
    }
  }
  const merged = merge(spans.filter(({ from, to }) => to - from >= minSpanMs));
  const at = now.getTime();
  const next = merged.find(({ to }) => to > at);
  if (!next) return { open: false, until: null };
  const open = next.from <= at;
  const until = open ? next.to : next.from;
  return { open, until: until - at > horizonMs ? null : new Date(until) };
}

/**
 * By the clock: when it ends no later than it begins. With the sun: from an evening (sunset, or a time from noon on) to a
 * morning (sunrise, or a time before noon), so that a short winter's day does not turn into the night.
 */
function endsNextDay({ from, to }: HoursRange): boolean {
  if (from.event === 'clock' && to.event === 'clock') return to.minutes <= from.minutes;
  return !isMorning(from) && isMorning(to);
}

function isMorning(time: DayTime): boolean {
  return time.event === 'clock' ? time.minutes < 12 * 60 : time.event === 'sunrise';
}

/** In milliseconds since the epoch. */
function instantOf(time: DayTime, day: Date, location: WorkingHours['location']): number {
  const [year, month, date] = [day.getFullYear(), day.getMonth(), day.getDate()];
  if (time.event === 'clock') return new Date(year, month, date, 0, time.minutes).getTime();
  if (!location) throw new TypeError('sunrise and sunset need a location');
  // Of the solar day whose noon is nearest to noon by the clock.
  const { solarNoon, sunrise, sunset, alwaysUp } = getTimes(new Date(year, month, date, 12), ...location);
  const noon = solarNoon.getTime();
  const halfDay = alwaysUp ? dayMs / 2 : 0;
  const event =
    time.event === 'sunrise' ? (sunrise?.getTime() ?? noon - halfDay) : (sunset?.getTime() ?? noon + halfDay);
  return event + time.offsetMinutes * minuteMs;
}

/** Sorted, without overlaps. */
function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && span.from - last.to < minSpanMs)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else merged.push(span);
  }
  return merged;
}
