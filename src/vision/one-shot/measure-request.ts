import type { EngineOptions } from '../process/protocol.ts';

export interface MeasureRequest {
  readonly engine: EngineOptions;
  /** Tokens to prefill in one call. */
  readonly prefillTokens: number;
  /** Tokens to generate. */
  readonly decodeTokens: number;
}

/** How fast an engine ran. */
export interface EngineRates {
  /** Milliseconds to encode one square; 0 if libmtmd lays out the pictures. */
  readonly encodeMs: number;
  /** Tokens a second. */
  readonly prefill: number;
  readonly decode: number;
}
