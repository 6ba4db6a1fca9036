import type { Frame } from './frame.ts';

/** What made the pipeline look: the interval, a changed scene, or somebody's request. */
export type Trigger = 'interval' | 'change' | 'request';

/** What an answer must be: the model is held to it while it speaks. Lengths are in characters. */
export type AnswerType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'string'; readonly maxLength: number };

export type Answer = string | number | boolean;

/** A standing question: its name in topics and payloads, and the words the model is asked. */
export interface Question {
  readonly name: string;
  readonly ask: string;
  /** Default: free text, as long as a description may be. */
  readonly type?: AnswerType;
}

/** Why the model stopped: it ended its answer, or the answer met the token limit. */
export type FinishReason = 'stop' | 'length';

/** Milliseconds spent in each stage of the engine. `generate` covers the description and all answers. */
export interface EngineTimings {
  readonly packMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly generateMs: number;
}

/** Token counts of one description with its answers. `prompt` is text only; the picture's are in `image`. */
export interface TokenCounts {
  readonly image: number;
  readonly prompt: number;
  readonly completion: number;
}

/** Which model spoke: as the GGUF names itself, its quantisation, and the llama.cpp build that ran it. */
export interface ModelIdentity {
  readonly name: string;
  readonly quant: string;
  readonly build: string;
}

/** What the engine says of one picture. */
export interface Description {
  readonly text: string;
  /** By question name. */
  readonly answers: Readonly<Record<string, Answer>>;
  readonly finishReason: FinishReason;
  readonly timings: EngineTimings;
  readonly tokens: TokenCounts;
  readonly model: ModelIdentity;
}

/** A described frame, ready to be published. */
export interface Observation {
  readonly frame: Frame;
  readonly trigger: Trigger;
  /** The name of the prompt, not its words. */
  readonly prompt: string;
  readonly description: Description;
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

/** Whether a camera delivers; `reason` says why not. */
export type CameraStatus =
  | { readonly state: 'online'; readonly reason: null }
  | { readonly state: 'offline'; readonly reason: string };
