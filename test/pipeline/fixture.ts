import { onTestFinished } from 'vitest';
import type { CameraSettings } from '../../src/domain/camera-settings.ts';
import type { CameraVision } from '../../src/domain/camera-vision.ts';
import type { Picture } from '../../src/domain/frame.ts';
import type { Health } from '../../src/domain/health.ts';
import type {
  Answer,
  CameraStatus,
  Description,
  FrameEvent,
  Observation,
  PictureProblem,
} from '../../src/domain/observation.ts';
import type { PictureArea } from '../../src/domain/picture-area.ts';
import type { Alert, RuleStatus } from '../../src/domain/rule-status.ts';
import type { Watch } from '../../src/domain/watch.ts';
import type { HoursState } from '../../src/domain/working-hours.ts';
import type { CameraTask } from '../../src/pipeline/camera-task.ts';
import { Pipeline, type PipelineParts } from '../../src/pipeline/pipeline.ts';
import type {
  Camera,
  CaptureOptions,
  DescribeRequest,
  Describer,
  Gate,
  KeptRules,
  Look,
  Publisher,
  RuleStore,
} from '../../src/pipeline/ports.ts';
import { RuleStates } from '../../src/pipeline/rule-states.ts';

export const description: Description = {
  text: 'a thing',
  answers: {},
  finishReason: 'stop',
  timings: { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: 0 },
  tokens: { image: 1, imageOmitted: 0, prompt: 1, completion: 1, drafted: 0, accepted: 0 },
  model: { name: 'm', quant: 'q', build: 'b' },
};

/** A camera whose pictures hold one byte: their number, or the scene that the test sets. */
export class FakeCamera implements Camera {
  readonly name: string;
  starts = 0;
  captures = 0;
  /** Captures for a request. */
  requested = 0;
  releases = 0;
  closed = 0;
  fault: Error | null = null;
  /** Gives nothing, and does not fail either. */
  hangs = false;
  /** null: a new one with every picture. */
  scene: number | null = null;
  constructor(name: string) {
    this.name = name;
  }
  async start(): Promise<void> {
    this.starts++;
  }
  async capture(signal: AbortSignal, options: CaptureOptions = {}): Promise<Picture> {
    this.captures++;
    if (options.isRequested) this.requested++;
    if (this.hangs)
      await new Promise((_, reject) => signal.addEventListener('abort', reject, { once: true }));
    if (this.fault) throw this.fault;
    return { size: { width: 1, height: 1 }, bytes: Uint8Array.of(this.scene ?? this.captures) };
  }
  async release(): Promise<void> {
    this.releases++;
  }
  async close(): Promise<void> {
    this.closed++;
  }
}

/** Changed is what has another byte than the last described picture. */
export class FakeGate implements Gate {
  reference: number | null = null;
  fault: Error | null = null;
  problem: PictureProblem | null = null;
  /** What differs from the reference. */
  area: PictureArea | null = null;
  async look({ bytes }: Picture): Promise<Look> {
    if (this.fault) throw this.fault;
    const scene = bytes[0]!;
    return {
      problem: this.problem,
      compare: () => {
        const changed = this.reference !== null && this.reference !== scene;
        const measure = this.reference === null ? null : changed ? 9 : 0;
        return { changed, reading: { measure, threshold: 0.5, noiseFloor: 1 } };
      },
      changedArea: () => this.area,
      described: () => {
        this.reference = scene;
      },
    };
  }
}

/** An engine that takes the given time, and records the pictures it gets. */
export class FakeEngine implements Describer {
  readonly seen: number[] = [];
  readonly requests: DescribeRequest[] = [];
  readonly #ms: number;
  fault: Error | null = null;
  /** By question; others get some text. */
  answers: Record<string, Answer> = {};
  confidences: Record<string, number> = {};
  model = description.model;
  /** Until it is back. */
  restart: Promise<void> = Promise.resolve();
  constructor(ms = 0) {
    this.#ms = ms;
  }
  ready(): Promise<void> {
    return this.restart;
  }
  async describe(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    this.seen.push(request.picture.bytes[0]!);
    this.requests.push(request);
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, this.#ms);
      signal.addEventListener('abort', () => reject(new Error('stopping')), { once: true });
    });
    if (this.fault) throw this.fault;
    const { answers: scripted, confidences } = this;
    const answers = request.questions.map(({ name, ask }) => [name, scripted[name] ?? `an answer to ${ask}`]);
    const text = request.prompt === null ? null : description.text;
    return { ...description, text, answers: Object.fromEntries(answers), confidences, model: this.model };
  }
}

export class Recorder implements Publisher {
  readonly events: FrameEvent[] = [];
  readonly observations: Observation[] = [];
  readonly statuses: [string, CameraStatus][] = [];
  readonly healths: Health[] = [];
  readonly settings: [string, CameraSettings][] = [];
  readonly hours: [string, HoursState | null][] = [];
  readonly visions: CameraVision[] = [];
  event(event: FrameEvent): void {
    this.events.push(event);
  }
  observation(observation: Observation): void {
    this.observations.push(observation);
  }
  readonly rules: [string, RuleStatus][] = [];
  readonly alerts: Alert[] = [];
  rule(_camera: string, rule: string, status: RuleStatus): void {
    this.rules.push([rule, status]);
  }
  async alert(alert: Alert): Promise<void> {
    this.alerts.push(alert);
  }
  /** Ids of those that run, each time that this changes. */
  readonly watching: string[][] = [];
  watches(watches: readonly Watch[]): void {
    this.watching.push(watches.map(({ id }) => id));
  }
  cameraVision(_camera: string, vision: CameraVision): void {
    this.visions.push(vision);
  }
  cameraStatus(camera: string, status: CameraStatus): void {
    this.statuses.push([camera, status]);
  }
  cameraSettings(camera: string, settings: CameraSettings, hours: HoursState | null): void {
    this.settings.push([camera, settings]);
    this.hours.push([camera, hours]);
  }
  health(health: Health): void {
    this.healths.push(health);
  }
  /** The types of the events without `captured`, in order. */
  get ends(): string[] {
    return this.events.map(({ type }) => type).filter((type) => type !== 'captured');
  }
  /** The ends of every captured frame: exactly one each, or the pipeline has lost or doubled one. */
  get endsById(): Map<string, string[]> {
    const ends = new Map<string, string[]>();
    for (const { id, type } of this.events) {
      if (type === 'captured') ends.set(id, []);
      else ends.get(id)?.push(type);
    }
    return ends;
  }
}

/** Keeps states of rules in memory. */
export class FakeRuleStore implements RuleStore {
  kept: KeptRules = { elapsedMs: null, rules: [] };
  saves = 0;
  async load(): Promise<KeptRules> {
    return this.kept;
  }
  async save(rules: KeptRules['rules']): Promise<void> {
    this.saves++;
    this.kept = { elapsedMs: 0, rules };
  }
}

export class LogLines {
  readonly lines: { readonly fields: object; readonly message: string }[] = [];
  readonly debug = (fields: object, message: string): void => void this.lines.push({ fields, message });
  readonly info = this.debug;
  readonly warn = this.debug;
  readonly error = this.debug;
}

export function taskOf(
  camera: Camera,
  {
    paused = false,
    intervalMs = 1000,
    prompt = 'default',
    ...task
  }: Partial<CameraTask & CameraSettings> = {},
): CameraTask {
  return {
    camera,
    gate: null,
    hours: null,
    settings: { paused, intervalMs, prompt },
    minIntervalMs: null,
    maxIntervalMs: null,
    staleAfterMs: null,
    questions: [{ name: 'gate', ask: 'Is the gate open?' }],
    rules: [],
    ...task,
  };
}

export interface Running {
  readonly pipeline: Pipeline;
  readonly recorder: Recorder;
  readonly log: LogLines;
}

/** A started pipeline, closed when the test ends. */
export function startPipeline(
  tasks: CameraTask[],
  describer: Describer,
  parts: Partial<PipelineParts> = {},
): Running {
  const recorder = new Recorder();
  const log = new LogLines();
  const pipeline = new Pipeline({
    tasks,
    describer,
    prompts: { default: 'Describe the scene.', brief: 'In one word.' },
    language: 'en',
    publisher: recorder,
    log,
    maxFrameAgeMs: 120_000,
    healthIntervalMs: 30_000,
    ruleStates: new RuleStates(new FakeRuleStore(), log),
    ...parts,
  });
  pipeline.start();
  onTestFinished(() => pipeline.close());
  return { pipeline, recorder, log };
}
