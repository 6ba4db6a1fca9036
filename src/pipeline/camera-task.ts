import type { CameraSettings } from '../domain/camera-settings.ts';
import type { ModelRole } from '../domain/model-role.ts';
import type { Question } from '../domain/observation.ts';
import type { Rule } from '../domain/rule.ts';
import type { WorkingHours } from '../domain/working-hours.ts';
import type { Camera, Gate } from './ports.ts';

/** One camera and what is asked of it. */
export interface CameraTask {
  readonly camera: Camera;
  /** null: every frame is described. */
  readonly gate: Gate | null;
  /** Initial settings; `CameraWatch.set` changes them. */
  readonly settings: CameraSettings;
  /** When it is looked at; null: always. */
  readonly hours: WorkingHours | null;
  /** Minimum time between two unrequested descriptions; null: the interval. */
  readonly minIntervalMs: number | null;
  /** An unchanged picture is described again after this time; null: never. No effect without a gate. */
  readonly maxIntervalMs: number | null;
  /** Without a successful look for this long, what was said is stale; null: see VisionMonitor. */
  readonly staleAfterMs: number | null;
  readonly questions: readonly Question[];
  readonly rules: readonly Rule[];
  /** After a change, the model is asked what is different. Default: it is not. */
  readonly asksChange?: boolean;
  /** Which of two models describes it; default: there is one. */
  readonly model?: ModelRole;
  /** A look that takes longer counts as hung: a camera that fails rejects sooner. Default: two minutes. */
  readonly maxLookMs?: number;
}
