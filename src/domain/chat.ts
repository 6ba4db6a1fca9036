import type { Picture } from './frame.ts';
import type { EngineTimings, FinishReason, ModelIdentity, TokenCounts } from './observation.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
  /** At most one message of a conversation has one, and it is the user's. */
  readonly picture?: Picture;
}

/** How tokens are chosen; what is left out is the engine's default. */
export interface Sampling {
  /** 0: always the most likely token. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  readonly seed?: number;
}

/** A conversation that another program wants continued. */
export interface ChatRequest {
  /** The last one is not the assistant's. */
  readonly messages: readonly ChatMessage[];
  /** Maximum length of the reply; the engine's own maximum applies too. null: only that. */
  readonly maxTokens: number | null;
  readonly sampling: Sampling;
  /** GBNF with a rule named `root` that the reply must follow; null: free text. */
  readonly grammar: string | null;
}

export interface ChatReply {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly timings: EngineTimings;
  readonly tokens: Pick<TokenCounts, 'image' | 'prompt' | 'completion'>;
  readonly model: ModelIdentity;
}
