import type { Frame } from './frame.ts';
import type { ModelRole } from './model-role.ts';

/** Why a frame was described: the interval, a changed scene, a rule whose votes are not decided, or a request. */
export type Trigger = 'interval' | 'change' | 'confirm' | 'request';

/** The type of an answer; a grammar holds the model to it. Lengths are in characters. */
export type AnswerType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'string'; readonly maxLength: number };

export type Answer = string | number | boolean;

/** A standing question: its name in topics and payloads, and its wording. */
export interface Question {
  readonly name: string;
  readonly ask: string;
  /** Default: free text, at most as long as a description. */
  readonly type?: AnswerType;
  /** Which of two models answers it. Default: the quick one. */
  readonly model?: ModelRole | undefined;
  /** An answer of less confidence is uncertain, 0 to 1. Default: 0. */
  readonly minConfidence?: number;
}

/** Why the model stopped: its answer was complete, or reached the token limit. */
export type FinishReason = 'stop' | 'length';

/** Milliseconds spent in each stage of the engine. `generate` covers the description and all answers. */
export interface EngineTimings {
  readonly packMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly generateMs: number;
}

/** Token counts of one description with its answers. `prompt` counts text only; `image` the picture. */
export interface TokenCounts {
  readonly image: number;
  /** Of the picture, besides: left out, as the model was not shown all of it closely. */
  readonly imageOmitted: number;
  readonly prompt: number;
  readonly completion: number;
  /** Of `completion`: tokens that were guessed from the last answer, and the guesses that the model confirmed. */
  readonly drafted: number;
  readonly accepted: number;
}

/** The model that described: its name in the GGUF, its quantisation, and the llama.cpp build. */
export interface ModelIdentity {
  readonly name: string;
  readonly quant: string;
  readonly build: string;
}

/** What an answer is worth: the state of its question, and what rules count. */
export interface JudgedAnswer {
  /** null: uncertain, as its confidence is below that of the question. */
  readonly value: Answer | null;
  /** 0 to 1; null: the engine gave none. */
  readonly confidence: number | null;
  /** The confidence was corrected by what is known of earlier answers. */
  readonly isCalibrated: boolean;
}

/** The engine's result for one picture. */
export interface Description {
  /** null: only questions were asked. */
  readonly text: string | null;
  /** In one sentence, what is different from the description before; absent: that was not asked, or nothing is. */
  readonly change?: string;
  /** By question name. */
  readonly answers: Readonly<Record<string, Answer>>;
  /**
   * By question name, 0 to 1: how probable the model holds its answer to be, among all that the type allows. Only for types
   * with few values, and only from engines that say it.
   */
  readonly confidences?: Readonly<Record<string, number>>;
  /** Of the text. */
  readonly finishReason: FinishReason | null;
  readonly timings: EngineTimings;
  readonly tokens: TokenCounts;
  readonly model: ModelIdentity;
}

/** A described frame, ready to be published. */
export interface Observation {
  readonly frame: Frame;
  readonly trigger: Trigger;
  /** The name of the prompt, not its text; null: only questions were asked. */
  readonly prompt: string | null;
  readonly description: Description;
  /** By question name: what each of the answers is worth. */
  readonly judged: Readonly<Record<string, JudgedAnswer>>;
  /** How long the frame waited for the engine. */
  readonly queueMs: number;
  /** From the start of the capture to the end of the description. */
  readonly totalMs: number;
}

/** The life of a frame: `captured`, then exactly one of the others, all with the frame's id. */
export type FrameEvent =
  | { readonly type: 'captured' | 'described'; readonly id: string; readonly camera: string }
  | {
      readonly type: 'unchanged' | 'failed' | 'expired';
      readonly id: string;
      readonly camera: string;
      readonly reason: string;
    };

/** What is wrong with the pictures of a camera that gives some. `reason` is in words, with a remedy. */
export interface PictureProblem {
  /** frozen: the very same picture for minutes. covered: an even surface without anything to see on it. */
  readonly kind: 'frozen' | 'black' | 'covered';
  readonly reason: string;
}

/** Whether a camera delivers pictures, and what is wrong with them; `reason` says why it is offline or has a problem. */
export interface CameraStatus {
  readonly state: 'online' | 'offline';
  /** null while it is offline. */
  readonly problem: PictureProblem['kind'] | null;
  readonly reason: string | null;
}
