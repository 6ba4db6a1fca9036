import type { CameraSettings } from '../domain/camera-settings.ts';
import type { Question } from '../domain/observation.ts';
import type { Camera, Gate } from './ports.ts';

/** One camera and what is asked of it. */
export interface CameraTask {
  readonly camera: Camera;
  /** null: every look is described. */
  readonly gate: Gate | null;
  /** At the start; see `CameraWatch.set`. */
  readonly settings: CameraSettings;
  /** The least time between two descriptions that nobody requested; null: as often as it is looked at. */
  readonly minIntervalMs: number | null;
  /** An unchanged picture is described once in this time; null: never. Without a gate it has no effect. */
  readonly maxIntervalMs: number | null;
  readonly questions: readonly Question[];
  /** A look that takes longer hangs for good: a camera that fails says so sooner. Default: two minutes. */
  readonly maxLookMs?: number;
}
