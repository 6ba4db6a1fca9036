import packageJson from '../../package.json' with { type: 'json' };
import type { Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import type { MetricsFacts, MetricsReadings } from '../monitoring/metrics-readings.ts';
import { metricsRoutes } from '../monitoring/metrics-routes.ts';
import { readinessRoutes } from '../monitoring/readiness-routes.ts';
import type { Log, Publisher } from '../pipeline/ports.ts';
import type { Routes } from '../system/http-server.ts';
import { tokenFileOf } from './served-token.ts';

export interface Monitoring {
  readonly routes: Routes;
  /** Takes what the pipeline reports; null: no metrics. */
  readonly publisher: Publisher | null;
}

/**
 * What the window's server offers to monitoring; null: there is none. The metrics' code is loaded here, so that a daemon
 * without them does not pay for it.
 * @throws ConfigError for a token that cannot be read or is too short
 */
export async function createMonitoring(
  config: Config,
  folder: string,
  readings: MetricsReadings,
  log: Log,
): Promise<Monitoring | null> {
  const { listen, metrics: wanted } = config.web;
  if (!listen) return null;
  const readiness = readinessRoutes(readings);
  if (!wanted.enabled) return { routes: readiness, publisher: null };
  const tokenFile = await tokenFileOf('web.metrics.token_file', wanted.token_file, folder);
  const { Metrics } = await import('../monitoring/metrics.ts');
  const metrics = new Metrics(metricsFacts(config), readings);
  const offerMetrics = metricsRoutes(metrics, tokenFile, log);
  return {
    routes: async (scope) => {
      await readiness(scope);
      await offerMetrics(scope);
    },
    publisher: metrics.publisher,
  };
}

function metricsFacts({ device, cameras }: Config): MetricsFacts {
  const types = Object.entries(cameras).map(([camera, { questions }]) => [
    camera,
    Object.fromEntries(questionsOf(questions).map(({ name, type }) => [name, type])),
  ]);
  return { device, version: packageJson.version, cameras: Object.fromEntries(types) };
}
