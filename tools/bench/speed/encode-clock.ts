/** Sums llama-server's encoding time from its log's timestamps: it reports encoding only as a part of the prompt. */
export class EncodeClock {
  #startMs: number | null = null;
  #sumMs = 0;

  /** A line as logged with `-lv 4`. */
  read(line: string): void {
    if (line.includes('encoding mtmd batch')) this.#startMs = timeMsOf(line);
    else if (this.#startMs !== null && line.includes('decoding image batch')) {
      this.#sumMs += timeMsOf(line) - this.#startMs;
      this.#startMs = null;
    }
  }

  /** The sum since the last call. */
  take(): number {
    const sumMs = this.#sumMs;
    this.#sumMs = 0;
    return sumMs;
  }
}

/** `0.03.583.907 I ...`: minutes, seconds, milliseconds and microseconds since the start. */
function timeMsOf(line: string): number {
  const [minutes, seconds, ms, us] = /^(\d+)\.(\d+)\.(\d+)\.(\d+) /.exec(line)?.slice(1).map(Number) ?? [];
  return (minutes! * 60 + seconds!) * 1000 + ms! + us! / 1000;
}
