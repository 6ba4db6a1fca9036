import type { CameraSettings } from '../domain/camera-settings.ts';
import type { DescriptionOptions, DescriptionResult } from '../domain/description-options.ts';
import { CommandError, messageOf } from '../domain/errors.ts';
import type { Health } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import type { CameraRules } from './camera-rules.ts';
import type { CameraTask } from './camera-task.ts';
import { CameraWatch } from './camera-watch.ts';
import { ChangeQuestions } from './change-questions.ts';
import { ChangedAreas } from './changed-areas.ts';
import { DescribeLoop, type DescribeLoopParts } from './describe-loop.ts';
import { FrameEvents } from './frame-events.ts';
import type { RuleStates } from './rule-states.ts';

export interface PipelineParts extends Omit<DescribeLoopParts, 'events' | 'patience' | 'changes' | 'areas'> {
  readonly tasks: readonly CameraTask[];
  readonly healthIntervalMs: number;
  readonly ruleStates: RuleStates;
  /** Reads the rest of health, such as the board's temperature. */
  readonly readings?: () => Promise<Partial<Health>>;
}

/**
 * The policy: look at each camera at its interval, let its gate choose the frames that show a change, describe the newest of each
 * camera, and end every captured frame in exactly one of `described`, `unchanged`, `failed` and `expired`.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #events: FrameEvents;
  readonly #describeLoop: DescribeLoop;
  readonly #watches: ReadonlyMap<string, CameraWatch>;
  readonly #stopped = new AbortController();
  #loops: Promise<void>[] = [];
  #healthTimer: NodeJS.Timeout | null = null;
  #publishingHealth = false;

  constructor(parts: PipelineParts) {
    const { tasks, publisher, log, ruleStates } = parts;
    const events = new FrameEvents(publisher);
    const asking = tasks.filter(({ asksChange }) => asksChange).map(({ camera }) => camera.name);
    const describeLoop = new DescribeLoop({
      ...parts,
      changes: new ChangeQuestions(parts.language, new Set(asking)),
      areas: new ChangedAreas(
        new Map(tasks.map(({ camera, maxIntervalMs }) => [camera.name, maxIntervalMs])),
      ),
      events,
      patience: parts.quick ? 2 * tasks.length : tasks.length,
    });
    const offer = describeLoop.offer.bind(describeLoop);
    const watchParts = { events, publisher, log, ruleStates, offer };
    this.#parts = parts;
    this.#events = events;
    this.#describeLoop = describeLoop;
    this.#watches = new Map(tasks.map((task) => [task.camera.name, new CameraWatch(task, watchParts)]));
  }

  /** Starts to look and to describe; returns at once. */
  start(): void {
    const { publisher, healthIntervalMs } = this.#parts;
    const { signal } = this.#stopped;
    this.#loops = [
      ...[...this.#watches.values()].map((watch) => watch.run(signal)),
      this.#describeLoop.run(signal),
    ];
    for (const [name, { settings, hours }] of this.#watches) publisher.cameraSettings(name, settings, hours);
    void this.#publishHealth();
    this.#healthTimer = setInterval(() => void this.#publishHealth(), healthIntervalMs);
  }

  get health(): Health {
    return {
      ...this.#describeLoop.health,
      frames: this.#events.counts,
      cameras: Object.fromEntries([...this.#watches].map(([name, { health }]) => [name, health])),
    };
  }

  /** The loops that must make progress while the pipeline runs, even if a camera is offline or nothing changes. */
  get heartbeats(): readonly Heartbeat[] {
    return [...[...this.#watches.values()].map(({ heartbeat }) => heartbeat), this.#describeLoop.heartbeat];
  }

  /**
   * Looks at a camera (null: the only one) at once and describes it, whatever its gate says and before all other frames that
   * wait. Rejects with the signal's reason, and with the camera's or engine's error if one fails.
   * @throws CommandError if there is no such camera, prompt or question
   */
  async request(
    camera: string | null,
    options: DescriptionOptions = {},
    signal = this.#stopped.signal,
  ): Promise<DescriptionResult> {
    const watch = this.#watchOf(camera ?? this.#onlyCamera());
    if (options.prompt !== undefined) assertKnown('prompt', options.prompt, Object.keys(this.#parts.prompts));
    const questions = watch.questions.map(({ name }) => name);
    for (const question of options.questions ?? []) assertKnown('question', question, questions);
    if (options.ask?.model && !this.#parts.quick)
      throw new CommandError('unknown', `model: this board has only one; leave it out`);
    this.#stopped.signal.throwIfAborted();
    return watch.request(options, signal);
  }

  /** Changes a camera's settings at once, and publishes them. @throws CommandError if there is no such camera */
  set(camera: string, settings: CameraSettings): void {
    const watch = this.#watchOf(camera);
    watch.set(settings);
    this.#parts.publisher.cameraSettings(camera, settings, watch.hours);
  }

  /** The rules of a camera. @throws CommandError if there is no such camera */
  rulesOf(camera: string): CameraRules {
    return this.#watchOf(camera).rules;
  }

  /** What is private in a camera's pictures has changed: forgets the frames that were captured until now, and looks again. */
  discardFrames(camera: string): void {
    const watch = this.#watchOf(camera);
    this.#describeLoop.discard(camera);
    void watch.freshLook();
  }

  /** Ends every loop, waits for the last, and closes the cameras. Frames still waiting expire. */
  async close(): Promise<void> {
    if (this.#healthTimer) clearInterval(this.#healthTimer);
    this.#stopped.abort(new Error('Scenecast is stopping'));
    this.#describeLoop.close();
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  /** One at a time: a sensor that is slow to read delays the next health message, and nothing else. */
  async #publishHealth(): Promise<void> {
    if (this.#publishingHealth) return;
    const { publisher, readings, log } = this.#parts;
    this.#publishingHealth = true;
    const read = readings
      ? await readings().catch((error: unknown) => {
          log.warn({ reason: messageOf(error) }, 'could not read the board');
        })
      : {};
    this.#publishingHealth = false;
    if (!this.#stopped.signal.aborted) publisher.health({ ...this.health, ...read });
  }

  #watchOf(camera: string): CameraWatch {
    assertKnown('camera', camera, [...this.#watches.keys()]);
    return this.#watches.get(camera)!;
  }

  #onlyCamera(): string {
    const [only, ...others] = this.#watches.keys();
    if (only === undefined || others.length > 0)
      throw new CommandError('invalid', `camera: must be one of ${[...this.#watches.keys()].join(', ')}`);
    return only;
  }
}

function assertKnown(what: string, name: string, names: readonly string[]): void {
  if (!names.includes(name))
    throw new CommandError('unknown', `no ${what} is named "${name}"; there are: ${names.join(', ')}`);
}
