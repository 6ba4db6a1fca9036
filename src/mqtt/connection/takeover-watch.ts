import { codeOf } from '../../domain/errors.ts';
import { type Ending, sessionTakenOver } from './ending.ts';

/** After this many consecutive short connections that the broker closed without a reason, another client is suspected. */
const suspiciousEnds = 5;

export interface TakeoverWatchOptions {
  /** A connection of this duration is not a short one. */
  readonly stableMs: number;
  /** After a connection of this duration, another client is no longer suspected. */
  readonly clearMs: number;
}

/**
 * Tells whether another client with the same id takes the session over. Brokers with MQTT 5 say so. Others close the older
 * connection without a word, which they also do when they restart; but then an attempt to connect fails, or it happens once.
 */
export class TakeoverWatch {
  readonly #options: TakeoverWatchOptions;
  #silentEnds = 0;
  #isSuspected = false;

  constructor(options: TakeoverWatchOptions) {
    this.#options = options;
  }

  /** @returns `certain` if the broker said so, `suspected` if only the pattern of endings does; null: another reason. */
  ended({ connectedMs, error, reasonCode, wasQuiet }: Ending): 'certain' | 'suspected' | null {
    if (reasonCode === sessionTakenOver) return 'certain';
    const { stableMs, clearMs } = this.#options;
    const isSilent = reasonCode === null && (error === null || codeOf(error) === 'ECONNRESET');
    if (connectedMs === 0 || !isSilent || !wasQuiet || connectedMs >= clearMs) {
      this.#silentEnds = 0;
      // While the other client is connected, these attempts succeed: the broker itself was away.
      if (connectedMs === 0 || connectedMs >= clearMs) this.#isSuspected = false;
      return null;
    }
    this.#silentEnds = connectedMs < stableMs ? this.#silentEnds + 1 : 0;
    this.#isSuspected ||= this.#silentEnds >= suspiciousEnds;
    return this.#isSuspected ? 'suspected' : null;
  }
}
