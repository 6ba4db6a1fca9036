/** Days as people have them: from midnight to midnight where the browser is, of 23 to 25 hours. */
export interface Day {
  /** As in an address and in a date field: 2026-11-30. */
  readonly name: string;
  readonly startMs: number;
  /** When the next one begins. */
  readonly endMs: number;
}

const pattern = /^(\d{4})-(\d{2})-(\d{2})$/;

/** The day of a moment, or the one that is so many days away from it. */
export function dayAt(ms: number, offset = 0): Day {
  const date = new Date(ms);
  return dayFrom(date.getFullYear(), date.getMonth(), date.getDate() + offset);
}

/** null: it is none. */
export function dayNamed(name: string): Day | null {
  const [, year, month, date] = pattern.exec(name) ?? [];
  if (year === undefined) return null;
  const day = dayFrom(Number(year), Number(month) - 1, Number(date));
  return day.name === name ? day : null;
}

/** The last days, the newest first. */
export function lastDays(count: number, nowMs: number): Day[] {
  return Array.from({ length: count }, (_, index) => dayAt(nowMs, -index));
}

function dayFrom(year: number, month: number, date: number): Day {
  const start = new Date(year, month, date);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    name: `${start.getFullYear()}-${two(start.getMonth() + 1)}-${two(start.getDate())}`,
    startMs: start.getTime(),
    endMs: new Date(year, month, date + 1).getTime(),
  };
}
