import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Labels<Name extends string> = Readonly<Record<Name, string>>;
/** One value of a metric; null: there is none at this moment. */
export type Sample<Name extends string> = readonly [labels: Labels<Name>, value: number | boolean | null];
export type Samples<Name extends string> = () => Iterable<Sample<Name>>;

/** Metrics that are read when they are asked for, and those that are counted in between. All names begin with `scenecast_`. */
export class MetricRegistry {
  readonly #registry = new Registry();

  /** `text/plain`, with the version of the format. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A value that goes up and down. */
  gauge<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    samples: Samples<Name>,
  ): void {
    const gauge = new Gauge<Name>({
      ...this.#options(name, help, labels),
      collect: () => {
        gauge.reset();
        // Without labels, a reset means 0.
        if (labels.length === 0) gauge.remove();
        for (const [of, value] of samples()) if (value !== null) gauge.set({ ...of }, Number(value));
      },
    });
  }

  /** A count since the start that is kept elsewhere. */
  count<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    samples: Samples<Name>,
  ): void {
    const counter = new Counter<Name>({
      ...this.#options(name, help, labels),
      collect: () => {
        counter.reset();
        for (const [of, value] of samples()) if (value !== null) counter.inc({ ...of }, Number(value));
      },
    });
  }

  /** A count since the start that is kept here. */
  counter<Name extends string>(name: string, help: string, labels: readonly Name[]): Counter<Name> {
    return new Counter<Name>(this.#options(name, help, labels));
  }

  /** @param buckets upper bounds, in the unit of the metric */
  histogram<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    buckets: readonly number[],
  ): Histogram<Name> {
    return new Histogram<Name>({ ...this.#options(name, help, labels), buckets: [...buckets] });
  }

  #options<Name extends string>(name: string, help: string, labels: readonly Name[]) {
    return { name: `scenecast_${name}`, help, labelNames: labels, registers: [this.#registry] };
  }
}
