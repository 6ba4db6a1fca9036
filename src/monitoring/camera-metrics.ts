import { visionStates } from '../domain/camera-vision.ts';
import type { CameraHealth } from '../domain/health.ts';
import type { MetricRegistry, Sample } from './metric-registry.ts';
import type { MetricsFacts, MetricsReadings } from './metrics-readings.ts';
import type { CameraMemory, PipelineMetrics } from './pipeline-metrics.ts';
import { seconds, states } from './samples.ts';

/** Of each camera: its state, ages, gate and answers. */
export function registerCameraMetrics(
  registry: MetricRegistry,
  { health }: MetricsReadings,
  reported: PipelineMetrics,
): void {
  const each = (value: (camera: CameraHealth) => number | null) => (): Sample<'camera'>[] =>
    Object.entries(health()?.cameras ?? {}).map(([camera, now]) => [{ camera }, value(now)]);
  const known = (value: (camera: CameraMemory) => number | boolean | null) => (): Sample<'camera'>[] =>
    [...reported.cameras].map(([camera, memory]) => [{ camera }, value(memory)]);
  const ageOf = (atMs: number | null): number | null =>
    atMs === null ? null : seconds(performance.now() - atMs);

  registry.gauge(
    'camera_state',
    '1 for the state of the camera (starting, online or offline), 0 for the others',
    ['camera', 'state'],
    function* () {
      for (const [camera, now] of Object.entries(health()?.cameras ?? {}))
        yield* states(['starting', 'online', 'offline'], now.state, (state) => ({ camera, state }));
    },
  );
  registry.gauge(
    'camera_problem',
    '1 for what is wrong with its pictures: frozen, black or covered',
    ['camera', 'problem'],
    function* () {
      for (const [camera, now] of Object.entries(health()?.cameras ?? {}))
        yield* states(['frozen', 'black', 'covered'], now.problem, (problem) => ({ camera, problem }));
    },
  );
  registry.gauge(
    'camera_vision',
    '1 for whether the last description holds: current, stale, failing or paused',
    ['camera', 'state'],
    function* () {
      for (const [camera, { vision }] of reported.cameras)
        yield* states(visionStates, vision, (state) => ({ camera, state }));
    },
  );
  registry.gauge(
    'camera_paused',
    '1: the camera is paused, or outside its hours',
    ['camera'],
    known(({ isPaused }) => isPaused),
  );
  registry.gauge(
    'camera_frame_age_seconds',
    "Since the camera's newest picture",
    ['camera'],
    known(({ capturedMs }) => ageOf(capturedMs)),
  );
  registry.gauge(
    'camera_description_age_seconds',
    "Since the camera's newest description",
    ['camera'],
    known(({ describedMs }) => ageOf(describedMs)),
  );
  registry.gauge(
    'camera_interval_seconds',
    'Configured time between two looks',
    ['camera'],
    each(({ intervalMs }) => seconds(intervalMs)),
  );
  registry.gauge(
    'camera_effective_interval_seconds',
    'Time between two descriptions while the engine cannot keep up; else the interval',
    ['camera'],
    each(({ effectiveIntervalMs }) => seconds(effectiveIntervalMs)),
  );
  registry.gauge(
    'gate_change_ratio',
    'The largest region that differs from the last described picture; 1: all of it',
    ['camera'],
    each(({ gate }) => (gate?.measure == null ? null : gate.measure / 100)),
  );
  registry.gauge(
    'gate_threshold_ratio',
    'A larger region is a change',
    ['camera'],
    each(({ gate }) => (gate ? gate.threshold / 100 : null)),
  );
}

/** Of the newest answers, where free texts have no number, and of rules. */
export function registerAnswerMetrics(
  registry: MetricRegistry,
  { cameras }: MetricsFacts,
  reported: PipelineMetrics,
): void {
  registry.gauge(
    'answer_value',
    'The newest answer: a number, or 1 for true and 0 for false; none while it is uncertain',
    ['camera', 'question'],
    function* () {
      for (const [camera, { answers }] of reported.cameras)
        for (const [question, { value }] of answers)
          if (typeof value !== 'string') yield [{ camera, question }, value];
    },
  );
  registry.gauge(
    'answer_choice',
    '1 for the newest answer of a question with values, 0 for the others',
    ['camera', 'question', 'value'],
    function* () {
      for (const [camera, { answers }] of reported.cameras)
        for (const [question, { value: answer }] of answers) {
          const type = cameras[camera]?.[question];
          if (type?.kind !== 'enum') continue;
          const now = typeof answer === 'string' ? answer : null;
          yield* states(type.values, now, (value) => ({ camera, question, value }));
        }
    },
  );
  registry.gauge(
    'answer_confidence_ratio',
    'How probable the newest answer is, 0 to 1; for types with few values',
    ['camera', 'question'],
    function* () {
      for (const [camera, { answers }] of reported.cameras)
        for (const [question, { confidence }] of answers) yield [{ camera, question }, confidence];
    },
  );
  registry.gauge(
    'rule_state',
    '1 for the state of the rule (on, off or unknown), 0 for the others',
    ['camera', 'rule', 'state'],
    function* () {
      for (const [camera, { rules }] of reported.cameras)
        for (const [rule, now] of rules)
          yield* states(['on', 'off', 'unknown'], now, (state) => ({ camera, rule, state }));
    },
  );
}
