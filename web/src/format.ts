/** Numbers and times in the reader's language. */
export interface Format {
  /** A time as "12 seconds ago". */
  ago(at: string, nowMs: number): string;
  /** A time as a person would write it; with its day unless that is today. */
  moment(at: string): string;
  /** A time of day as 12:03:20. */
  clock(at: string): string;
  /** The same without seconds. */
  hours(at: string): string;
  /** A day with its weekday. */
  day(atMs: number): string;
  /** The same, short. */
  weekday(atMs: number): string;
  /** An hour of the day, from 0 to 23. */
  hour(hour: number): string;
  /** The hour of a time; at midnight its day. */
  hourOrDay(atMs: number): string;
  /** How long something took, in its two largest units. */
  duration(ms: number): string;
  number(value: number, digits?: number): string;
  /** A share from 0 to 1. */
  percent(share: number, digits?: number): string;
  seconds(ms: number): string;
  bytes(bytes: number): string;
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

export function formatOf(language: string): Format {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'always', style: 'short' });
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  const hours = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
  const longDay = new Intl.DateTimeFormat(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
  const shortDay = new Intl.DateTimeFormat(language, { weekday: 'short', day: 'numeric', month: 'short' });
  const hour = new Intl.DateTimeFormat(language, { hour: 'numeric' });
  const number = (value: number, digits = 0): string =>
    new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  return {
    ago: (at, nowMs) => {
      const seconds = Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000));
      const [unit, length] = units.find(([, each]) => seconds >= each) ?? (['second', 1] as const);
      return relative.format(-Math.floor(seconds / length), unit);
    },
    moment: (at) => {
      const time = new Date(at);
      const isToday = time.toDateString() === new Date().toDateString();
      return (isToday ? clock : day).format(time);
    },
    clock: (at) => clock.format(new Date(at)),
    hours: (at) => hours.format(new Date(at)),
    day: (atMs) => longDay.format(atMs),
    weekday: (atMs) => shortDay.format(atMs),
    hour: (of) => hour.format(new Date(2000, 0, 1, of)),
    hourOrDay: (atMs) => (new Date(atMs).getHours() === 0 ? shortDay : hour).format(atMs),
    duration: (ms) => durationText(ms, language),
    number,
    percent: (share, digits = 0) =>
      new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: digits }).format(share),
    seconds: (ms) => {
      const seconds = ms / 1000;
      if (seconds < 59.5) return `${number(seconds, seconds < 10 ? 1 : 0)} s`;
      const whole = Math.round(seconds);
      return `${number(Math.floor(whole / 60))} min ${number(whole % 60)} s`;
    },
    bytes: (bytes) =>
      bytes >= 2 ** 30 ? `${number(bytes / 2 ** 30, 1)} GiB` : `${number(bytes / 2 ** 20)} MiB`,
  };
}

function durationText(ms: number, language: string): string {
  const seconds = Math.round(ms / 1000);
  // From a minute on, seconds say nothing.
  const whole = seconds < 60 ? seconds : Math.round(seconds / 60) * 60;
  const parts = ([...units, ['second', 1]] as const).map(([unit, length], index, all) => {
    const [, larger = Number.POSITIVE_INFINITY] = all[index - 1] ?? [];
    return { unit, value: Math.floor((whole % larger) / length) };
  });
  const first = parts.findIndex(({ value }) => value > 0);
  const shown = parts.slice(first, first + 2).filter(({ value }) => value > 0);
  return (first < 0 ? parts.slice(-1) : shown)
    .map(({ unit, value }) =>
      new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(value),
    )
    .join(' ');
}
