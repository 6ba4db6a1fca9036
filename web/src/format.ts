/** Numbers and times in the reader's language. */
export interface Format {
  /** A time as "12 seconds ago". */
  ago(at: string, nowMs: number): string;
  /** A time as a person would write it; with its day unless that is today. */
  moment(at: string): string;
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
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
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
