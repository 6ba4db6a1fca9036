import { type CameraError, codeOf, messageOf } from '../domain/errors.ts';
import { describingRole, type ModelRole } from '../domain/model-role.ts';
import type { Observation } from '../domain/observation.ts';
import { CameraRules } from './camera-rules.ts';
import { CameraState } from './camera-state.ts';
import type { CameraTask } from './camera-task.ts';
import type { Log, Publisher } from './ports.ts';
import type { RuleStates } from './rule-states.ts';
import { VisionMonitor, type VisionMonitorOptions } from './vision-monitor.ts';

export interface CameraReportParts
  extends Pick<VisionMonitorOptions, 'models' | 'pauseReason' | 'intervalMs'> {
  readonly publisher: Publisher;
  readonly ruleStates: RuleStates;
  readonly log: Log;
  /** Called when the watches may want another interval: see CameraRules. */
  readonly onPace: () => void;
}

/** What is said of one camera: whether it gives pictures, whether its newest description still holds, and its rules. */
export class CameraReport {
  readonly state: CameraState;
  readonly rules: CameraRules;
  readonly #vision: VisionMonitor;

  constructor(
    { camera: { name }, rules, questions, model, staleAfterMs }: CameraTask,
    parts: CameraReportParts,
  ) {
    const { publisher, log, ruleStates, onPace } = parts;
    this.#vision = new VisionMonitor({
      ...parts,
      cameraFault: () => this.state.fault,
      staleAfterMs,
      publish: (vision) => publisher.cameraVision(name, vision),
    });
    this.state = new CameraState(name, publisher, log, () => this.#vision.update());
    this.rules = new CameraRules({
      camera: name,
      rules,
      questions,
      onlyModel: model === undefined ? describingRole : null,
      staleAfterMs: () => this.#vision.staleAfterMs,
      publisher,
      states: ruleStates,
      onPace,
    });
  }

  /** Publishes until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#vision.start(signal);
    this.rules.start(signal);
  }

  /** Call when the camera is paused or resumed. */
  update(): void {
    this.#vision.update();
  }

  /** The picture shows the same as the last one that these models saw. */
  unchanged(models: readonly ModelRole[], captureStart: number): void {
    this.#vision.held(models, captureStart);
    this.rules.unchanged(models, captureStart);
  }

  described(model: ModelRole, captureStart: number, observation: Observation): void {
    this.state.readable('engine');
    this.#vision.described(model, captureStart, observation.totalMs);
    this.rules.observed(observation, captureStart);
  }

  /** @returns the camera's fault, if the last few pictures could not be decoded; else null */
  failed(model: ModelRole, error: unknown): CameraError | null {
    if (codeOf(error) === 'BAD_PICTURE') return this.state.unreadable('engine', error);
    this.#vision.failed(model, messageOf(error));
    return null;
  }
}
