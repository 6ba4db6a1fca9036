import type { Publisher } from '../pipeline/ports.ts';
import { registerBoardMetrics } from './board-metrics.ts';
import { registerAnswerMetrics, registerCameraMetrics } from './camera-metrics.ts';
import { registerDaemonMetrics, registerEngineMetrics } from './daemon-metrics.ts';
import { MetricRegistry } from './metric-registry.ts';
import type { MetricsFacts, MetricsReadings } from './metrics-readings.ts';
import { PipelineMetrics } from './pipeline-metrics.ts';

/** What the daemon does, in numbers, for Prometheus. */
export class Metrics {
  /** Takes what the pipeline reports. */
  readonly publisher: Publisher;
  readonly #registry = new MetricRegistry();

  constructor(facts: MetricsFacts, readings: MetricsReadings) {
    const reported = new PipelineMetrics(Object.keys(facts.cameras), this.#registry);
    registerDaemonMetrics(this.#registry, facts, readings);
    registerEngineMetrics(this.#registry, readings, reported);
    registerCameraMetrics(this.#registry, readings, reported);
    registerAnswerMetrics(this.#registry, facts, reported);
    registerBoardMetrics(this.#registry, reported);
    this.publisher = reported;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics at this moment, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.text();
  }
}
