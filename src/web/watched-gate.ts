import type { Picture } from '../domain/frame.ts';
import type { GateReading } from '../domain/health.ts';
import type { Gate, Look } from '../pipeline/ports.ts';

/** A gate that reports what it measures, once for each look. */
export class WatchedGate implements Gate {
  readonly #gate: Gate;
  readonly #onReading: (reading: GateReading, changed: boolean) => void;

  constructor(gate: Gate, onReading: (reading: GateReading, changed: boolean) => void) {
    this.#gate = gate;
    this.#onReading = onReading;
  }

  async look(picture: Picture): Promise<Look> {
    const look = await this.#gate.look(picture);
    let isReported = false;
    return {
      problem: look.problem,
      compare: () => {
        const compared = look.compare();
        if (!isReported) this.#onReading(compared.reading, compared.changed);
        isReported = true;
        return compared;
      },
      changedArea: () => look.changedArea(),
      described: () => look.described(),
    };
  }
}
