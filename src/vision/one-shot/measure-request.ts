import type { Size } from '../../domain/frame.ts';
import type { EngineOptions } from '../process/protocol.ts';

export interface MeasureRequest {
  readonly engine: EngineOptions;
  /** The largest in tokens is encoded. */
  readonly pictureSizes: readonly Size[];
  /** Tokens to prefill in one call. */
  readonly prefillTokens: number;
  /** Tokens to generate. */
  readonly decodeTokens: number;
}

/** How fast an engine ran. */
export interface EngineRates {
  /** Milliseconds to encode one of the picture's squares. */
  readonly encodeMs: number;
  /** Tokens a second. */
  readonly prefill: number;
  readonly decode: number;
}
