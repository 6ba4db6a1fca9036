import type { Frame } from '../domain/frame.ts';
import type { ModelRole } from '../domain/model-role.ts';
import type { Question, Trigger } from '../domain/observation.ts';
import type { Candidate, PendingDescription } from './trigger-policy.ts';

/** A frame that waits to be described. Its methods report back to the camera it came from. */
export interface Job extends Candidate {
  readonly camera: string;
  readonly frame: Frame;
  /** The model that gets it; with one model, it is the thorough one. */
  readonly model: ModelRole;
  readonly trigger: Trigger;
  /** When it began to wait for the engine, by the monotonic clock. */
  readonly queuedAt: number;
  /**
   * The engine is free for this frame. null if it need not be described any more: a newer frame of the same camera has been
   * described and this one shows no change, or the camera was paused. The frame has then ended.
   */
  begin(): BegunJob | null;
  /** A frame of this camera will never be described, because the engine was too slow for it. */
  missed(): void;
  /** This frame is too old: captures a fresh one. Resolves when that look has ended, or takes too long. */
  refresh(): Promise<void>;
}

/** A frame that is being described, with what is asked about it. */
export interface BegunJob extends PendingDescription {
  readonly trigger: Trigger;
  /** The name of the prompt; null: it only answers questions. */
  readonly prompt: string | null;
  /** The standing questions that are asked. */
  readonly questions: readonly Question[];
  /** It was interrupted: it waits again, or is given up. Called in place of the other two ends. */
  interrupted(reason: string): void;
}
