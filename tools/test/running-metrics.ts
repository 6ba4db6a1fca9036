import { visionAtStart } from '../../src/domain/camera-vision.ts';
import type { Health } from '../../src/domain/health.ts';
import { Metrics } from '../../src/monitoring/metrics.ts';
import type { MetricsReadings } from '../../src/monitoring/metrics-readings.ts';
import { observation } from './observation.ts';

const engine = { engine: 'idle', queueDepth: 1 } as const;

/** One camera, which is online. */
export const porchHealth: Health = {
  ...engine,
  frames: { captured: 9, described: 4, unchanged: 3, failed: 0, dropped: 2, expired: 2 },
  cameras: {
    porch: {
      state: 'online',
      intervalMs: 5000,
      effectiveIntervalMs: 7500,
      gate: { measure: 1.5, threshold: 0.5, noiseFloor: 2 },
      problem: null,
    },
  },
};

/** As published, with the readings of the board. */
export const boardHealth: Health = {
  ...porchHealth,
  board: {
    temperatureC: 51.5,
    memoryAvailableBytes: 1000,
    memoryTotalBytes: 4000,
    clockLimited: false,
    underVoltage: true,
  },
  memory: { daemonBytes: 100, engineBytes: 2000 },
  remoteEngine: { state: 'ok', reason: null, retryAt: null },
};

export function metricsOf(readings: Partial<MetricsReadings> = {}): Metrics {
  return new Metrics(
    {
      device: 'board',
      version: '0.0.0',
      cameras: {
        porch: {
          gate_open: { kind: 'boolean' },
          people: { kind: 'integer', min: 0, max: 9 },
          weather: { kind: 'enum', values: ['dry', 'rain'] },
          note: undefined,
        },
      },
    },
    {
      health: () => porchHealth,
      loading: () => null,
      outbox: () => ({ depth: 3, dropped: 1, damaged: 0, fault: null }),
      outboxAgeMs: () => 2500,
      isBrokerConnected: () => true,
      engines: () => [{ model: '', restarts: 2 }],
      ...readings,
    },
  );
}

/** After everything has been reported that the pipeline can report. */
export function busyMetrics(): Metrics {
  const metrics = metricsOf();
  const { publisher } = metrics;
  publisher.cameraSettings('porch', { paused: false, intervalMs: 5000, prompt: 'default' }, null);
  publisher.cameraVision('porch', visionAtStart(new Date()));
  publisher.cameraStatus('porch', { state: 'online', problem: null, reason: null });
  publisher.event({ type: 'captured', id: '1', camera: 'porch' });
  publisher.event({ type: 'described', id: '1', camera: 'porch' });
  const described = observation({
    answers: { gate_open: true, people: 4, weather: 'rain', note: 'a free text' },
  });
  const open = { value: true, confidence: 0.75, isCalibrated: false };
  publisher.observation({ ...described, judged: { ...described.judged, gate_open: open } });
  const since = { since: new Date(), confidence: null, evidence: [], reason: null };
  publisher.rule('porch', 'gate_left_open', { ...since, state: 'on' });
  publisher.health(boardHealth);
  return metrics;
}
