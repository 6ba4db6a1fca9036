import type { Health } from '../domain/health.ts';
import type { MetricRegistry, Sample } from './metric-registry.ts';
import type { MetricsFacts, MetricsReadings } from './metrics-readings.ts';
import type { PipelineMetrics } from './pipeline-metrics.ts';
import { one, seconds, states } from './samples.ts';

/** Of the daemon itself, and of what it waits for. */
export function registerDaemonMetrics(
  registry: MetricRegistry,
  { device, version }: MetricsFacts,
  { isBrokerConnected, outbox, outboxAgeMs }: MetricsReadings,
): void {
  const startedMs = performance.now();
  registry.gauge('info', 'Always 1', ['device', 'version'], () => [[{ device, version }, 1]]);
  registry.gauge('uptime_seconds', 'Since the start of the daemon', [], () =>
    one(seconds(performance.now() - startedMs)),
  );
  registry.gauge('broker_connected', '1: connected to the MQTT broker', [], () => one(isBrokerConnected()));
  registry.gauge('outbox_observations', 'Observations that the broker has not acknowledged yet', [], () =>
    one(outbox().depth),
  );
  registry.gauge('outbox_age_seconds', 'Since the outbox was last empty; 0: it is empty', [], () =>
    one(seconds(outboxAgeMs())),
  );
  registry.count(
    'outbox_dropped_total',
    'Observations dropped because the outbox was full or they were too old',
    [],
    () => one(outbox().dropped),
  );
  registry.count('outbox_damaged_total', 'Damaged outbox files set aside', [], () => one(outbox().damaged));
  registry.gauge('outbox_failing', '1: the outbox cannot be written, and waits in memory', [], () =>
    one(outbox().fault !== null),
  );
}

/** Of the engine, and of the frames that wait for it. */
export function registerEngineMetrics(
  registry: MetricRegistry,
  { health, loading, engines }: MetricsReadings,
  reported: PipelineMetrics,
): void {
  const of = (value: (health: Health) => number | boolean | null) => (): Sample<never>[] => {
    const now = health();
    return now ? one(value(now)) : [];
  };
  registry.gauge('engine_loaded', '1: the model is loaded', [], () => one(loading() === null));
  registry.gauge(
    'engine_state',
    '1 for the state of the engine (idle, busy or failing), 0 for the others',
    ['state'],
    () => {
      const now = health();
      return now ? states(['idle', 'busy', 'failing'], now.engine, (state) => ({ state })) : [];
    },
  );
  registry.count('engine_restarts_total', 'Times that the engine process was started again', ['model'], () =>
    engines().map(({ model, restarts }) => [{ model }, restarts]),
  );
  registry.gauge(
    'remote_engine_failing',
    '1: the server of `engine.url` did not describe the last frame',
    [],
    () => {
      const remote = reported.lastHealth?.remoteEngine;
      return remote ? one(remote.state === 'failing') : [];
    },
  );
  registry.gauge(
    'queue_frames',
    'Frames that wait for the engine',
    [],
    of(({ queueDepth }) => queueDepth),
  );
  registry.count(
    'queue_dropped_total',
    'Waiting frames replaced by a newer one of their camera; they are expired too',
    [],
    of(({ frames }) => frames.dropped),
  );
}
