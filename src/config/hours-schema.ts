import { z } from 'zod';
import type { DayTime, HoursRange } from '../domain/working-hours.ts';

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const example = 'such as "mon-fri 07:00-19:00", "22:00-06:00" or "sunrise+30m-sunset-1h"';
const maxOffsetMinutes = 12 * 60;

const time = String.raw`\d{1,2}:\d{2}|(?:sunrise|sunset)(?:[+-](?:\d+h)?(?:\d+m)?(?<=[hm]))?`;
const rangePattern = new RegExp(`^(?:([a-z,-]+) +)?(${time}) *- *(${time})$`);

/** One range of a camera's hours, as it is written in the config. */
const range = z.string({ error: `must be days and times ${example}` }).superRefine((text, context) => {
  const parsed = parseRange(text);
  if (typeof parsed === 'string') context.addIssue({ code: 'custom', input: text, message: parsed });
});

export const hours = z
  .array(range, { error: `must be a list of days and times ${example}; or null` })
  .min(1, `must have at least one range ${example}; or be null`);

const degrees = (max: number): z.ZodNumber => z.number().min(-max).max(max);

export const location = z.tuple([degrees(90), degrees(180)], {
  error: 'must be [latitude, longitude] in degrees, such as [52.52, 13.4]',
});

/** The ranges of valid hours. */
export function hoursRangesOf(texts: readonly string[]): HoursRange[] {
  return texts.map((text) => {
    const parsed = parseRange(text);
    if (typeof parsed === 'string') throw new TypeError(`${text}: ${parsed}`);
    return parsed;
  });
}

/** Whether a camera's `hours`, valid or not, depend on the sun, and so on the location. */
export function needLocation(written: unknown): boolean {
  return Array.isArray(written) && written.some((text) => /sun(rise|set)/i.test(String(text)));
}

/** The range, or what it must be. */
function parseRange(text: string): HoursRange | string {
  const [, days, from, to] = rangePattern.exec(text.trim().toLowerCase().replace(/ *, */g, ',')) ?? [];
  if (from === undefined || to === undefined) return `must be days and times ${example}`;
  const parsed = { days: daysOf(days), from: timeOf(from), to: timeOf(to) };
  const { days: on, from: begins, to: ends } = parsed;
  if (!on) return 'must name days as mon, tue, wed, thu, fri, sat or sun, such as "mon-fri" or "sat,sun"';
  if (!begins || !ends) return 'must have times from 00:00 to 24:00, and at most 12h before or after the sun';
  if (begins.event === 'clock' && begins.minutes === 24 * 60) return 'must not begin at 24:00; write 00:00';
  if (begins.event === 'clock' && ends.event === 'clock' && begins.minutes === ends.minutes)
    return 'must not end when it begins; a whole day is 00:00-24:00';
  if (begins.event !== 'clock' && begins.event === ends.event && begins.offsetMinutes >= offsetOf(ends))
    return 'must not end before it begins; a whole day is 00:00-24:00';
  return { days: on, from: begins, to: ends };
}

function offsetOf(time: DayTime): number {
  return time.event === 'clock' ? 0 : time.offsetMinutes;
}

/** `mon-fri,sun`; without any: every day. Over the weekend too: `fri-mon`. null: a word is not a day. */
function daysOf(text: string | undefined): number[] | null {
  if (text === undefined) return weekdays.map((_, day) => day);
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first = -1, last = first, ...others] = part.split('-').map((word) => weekdays.indexOf(word));
    if (first < 0 || last < 0 || others.length > 0) return null;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days];
}

function timeOf(text: string): DayTime | null {
  const [, hour, minute] = /^(\d+):(\d+)$/.exec(text) ?? [];
  if (hour !== undefined) {
    const minutes = Number(hour) * 60 + Number(minute);
    return Number(minute) < 60 && minutes <= 24 * 60 ? { event: 'clock', minutes } : null;
  }
  const [, event, sign, hours = 0, minutes = 0] = /^(sunrise|sunset)([+-])?(?:(\d+)h)?(?:(\d+)m)?$/.exec(
    text,
  )!;
  const offset = Number(hours) * 60 + Number(minutes);
  if (offset > maxOffsetMinutes) return null;
  return { event: event as 'sunrise' | 'sunset', offsetMinutes: sign === '-' ? -offset : offset };
}
