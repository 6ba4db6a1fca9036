import type { EngineOptions } from '../process/protocol.ts';

export interface MeasureRequest {
  readonly engine: EngineOptions;
  /** Tokens that are prefilled in one call, and generated. */
  readonly prefillTokens: number;
  readonly decodeTokens: number;
}

/** How fast an engine ran. */
export interface EngineRates {
  /** Milliseconds for one square picture of the encoder; 0 where libmtmd lays pictures out. */
  readonly encodeMs: number;
  /** Tokens a second. */
  readonly prefill: number;
  readonly decode: number;
}
