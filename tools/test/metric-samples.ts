export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Those of its samples, but for `le` of histograms. */
  readonly labels: readonly string[];
}

/** The families of a text in Prometheus' format, in its order. */
export function metricFamilies(text: string): MetricFamily[] {
  const lines = text.split('\n');
  const valueAfter = (start: string): string =>
    lines.find((line) => line.startsWith(start))?.slice(start.length) ?? '';
  return lines
    .filter((line) => line.startsWith('# TYPE '))
    .map((line) => {
      const [, , name = '', type = ''] = line.split(' ');
      const own = lines.filter((each) => new RegExp(`^${name}(_bucket|_sum|_count)?[{ ]`).test(each));
      const labels = own.flatMap((each) => [...each.matchAll(/[{,](\w+)="/g)].map(([, label]) => label!));
      return {
        name,
        type,
        help: valueAfter(`# HELP ${name} `),
        labels: [...new Set(labels)].filter((label) => label !== 'le').sort(),
      };
    });
}

/** The value of a sample, such as `scenecast_frames_total{camera="porch",outcome="failed"}`; undefined: there is none. */
export function sampleOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
