import type { CameraSettings } from '../domain/camera-settings.ts';
import { type CameraVision, visionAtStart } from '../domain/camera-vision.ts';
import type { Health } from '../domain/health.ts';
import type { FrameEvent, JudgedAnswer, Observation } from '../domain/observation.ts';
import type { RuleState } from '../domain/rule.ts';
import type { Alert, RuleStatus } from '../domain/rule-status.ts';
import type { HoursState } from '../domain/working-hours.ts';
import type { Publisher } from '../pipeline/ports.ts';
import type { MetricRegistry } from './metric-registry.ts';

/** What is last known of a camera. Times are of the monotonic clock: a board's clock may be wrong. */
export interface CameraMemory {
  capturedMs: number | null;
  describedMs: number | null;
  vision: CameraVision['state'];
  isPaused: boolean;
  /** The newest, by question. */
  readonly answers: Map<string, JudgedAnswer>;
  /** By rule. */
  readonly rules: Map<string, RuleState>;
}

const outcomes = ['described', 'unchanged', 'failed', 'expired'] as const;
const triggers = ['request', 'change', 'confirm', 'interval'] as const;
/** From a PC with a small model to a board with a large one. */
const bucketSeconds = [0.01, 0.03, 0.1, 0.3, 1, 2, 5, 10, 20, 30, 60, 120, 300] as const;

/** Counts what the pipeline reports, and remembers the newest of each camera. */
export class PipelineMetrics implements Publisher {
  /** By name; those of the config. */
  readonly cameras: ReadonlyMap<string, CameraMemory>;
  readonly #metrics: ReturnType<typeof countersIn>;
  #lastHealth: Health | null = null;

  constructor(cameras: readonly string[], registry: MetricRegistry) {
    this.cameras = new Map(cameras.map((camera) => [camera, newMemory()]));
    const metrics = countersIn(registry);
    this.#metrics = metrics;
    // What has not happened yet is 0, so that the first time counts as an increase.
    for (const camera of cameras) {
      metrics.captured.inc({ camera }, 0);
      for (const outcome of outcomes) metrics.frames.inc({ camera, outcome }, 0);
      for (const trigger of triggers) metrics.descriptions.inc({ camera, trigger }, 0);
    }
  }

  /** As it was last published, with the readings of the board; null: not yet. */
  get lastHealth(): Health | null {
    return this.#lastHealth;
  }

  cameraStatus(): void {
    // Its state is in the health, which is read when it is asked for.
  }

  cameraSettings(camera: string, { paused }: CameraSettings, hours: HoursState | null): void {
    const memory = this.cameras.get(camera);
    if (memory) memory.isPaused = paused || hours?.open === false;
  }

  cameraVision(camera: string, { state }: CameraVision): void {
    const memory = this.cameras.get(camera);
    if (memory) memory.vision = state;
  }

  event({ camera, type }: FrameEvent): void {
    const memory = this.cameras.get(camera);
    if (type !== 'captured') this.#metrics.frames.inc({ camera, outcome: type });
    else {
      this.#metrics.captured.inc({ camera });
      if (memory) memory.capturedMs = performance.now();
    }
  }

  observation({ frame, trigger, description, judged, queueMs, totalMs }: Observation): void {
    const { camera, captureMs } = frame;
    const { timings, tokens, text } = description;
    const { descriptions, total, stages, tokenCounts, omitted, drafted, accepted } = this.#metrics;
    descriptions.inc({ camera, trigger });
    total.observe({ camera }, totalMs / 1000);
    const { packMs, encodeMs, prefillMs, generateMs } = timings;
    const stageMs = {
      capture: captureMs,
      queue: queueMs,
      pack: packMs,
      encode: encodeMs,
      prefill: prefillMs,
      generate: generateMs,
    };
    for (const [stage, ms] of Object.entries(stageMs)) stages.observe({ camera, stage }, ms / 1000);
    for (const kind of ['image', 'prompt', 'completion'] as const) tokenCounts.inc({ kind }, tokens[kind]);
    omitted.inc(tokens.imageOmitted);
    drafted.inc(tokens.drafted);
    accepted.inc(tokens.accepted);
    const memory = this.cameras.get(camera);
    // One of two models may only have answered.
    if (memory && text !== null) memory.describedMs = performance.now();
    for (const [question, answer] of Object.entries(judged)) {
      this.#metrics.answered.inc({ camera, question });
      this.#metrics.uncertain.inc({ camera, question }, answer.value === null ? 1 : 0);
      memory?.answers.set(question, answer);
    }
  }

  rule(camera: string, rule: string, { state }: RuleStatus): void {
    this.#metrics.alerts.inc({ camera, rule }, 0);
    this.cameras.get(camera)?.rules.set(rule, state);
  }

  async alert({ camera, rule, state }: Alert): Promise<void> {
    if (state === 'on') this.#metrics.alerts.inc({ camera, rule: rule ?? '' });
  }

  watches(): void {
    // Their alerts are counted.
  }

  health(health: Health): void {
    this.#lastHealth = health;
  }
}

function newMemory(): CameraMemory {
  return {
    capturedMs: null,
    describedMs: null,
    vision: visionAtStart(new Date()).state,
    isPaused: false,
    answers: new Map(),
    rules: new Map(),
  };
}

function countersIn(registry: MetricRegistry) {
  return {
    captured: registry.counter('frames_captured_total', 'Pictures taken of the camera', ['camera']),
    frames: registry.counter(
      'frames_total',
      'Frames by outcome: described, unchanged (held back by the gate), failed or expired',
      ['camera', 'outcome'],
    ),
    descriptions: registry.counter(
      'descriptions_total',
      'Described frames by trigger: request, change (seen by the gate), confirm (for a rule) or interval',
      ['camera', 'trigger'],
    ),
    total: registry.histogram(
      'description_duration_seconds',
      'From the start of the capture to the end of the description',
      ['camera'],
      bucketSeconds,
    ),
    stages: registry.histogram(
      'stage_duration_seconds',
      'Of that, each stage: capture, queue, pack, encode, prefill or generate',
      ['camera', 'stage'],
      bucketSeconds,
    ),
    tokenCounts: registry.counter(
      'tokens_total',
      'Tokens of descriptions and answers: image, prompt (text without the picture) or completion',
      ['kind'],
    ),
    omitted: registry.counter(
      'tokens_image_omitted_total',
      'Image tokens left out of descriptions: nothing had changed there, or there were too many',
      [],
    ),
    drafted: registry.counter('tokens_drafted_total', 'Completion tokens guessed from the last answer', []),
    accepted: registry.counter('tokens_accepted_total', 'Guessed tokens that the model confirmed', []),
    answered: registry.counter('answers_total', 'Answers to the question', ['camera', 'question']),
    uncertain: registry.counter(
      'answers_uncertain_total',
      'Of these, answers below the `min_confidence` of the question',
      ['camera', 'question'],
    ),
    alerts: registry.counter('alerts_total', 'Alerts that the rule, or (without `rule`) a watch turned on', [
      'camera',
      'rule',
    ]),
  };
}
