import { calibrated } from '../answers/calibration.ts';
import type { GivenConfidence } from '../domain/calibrate.ts';
import type { MeasuredQuestion } from '../domain/calibration.ts';
import { messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { MeasuredFile } from '../store/measured-file.ts';

const checkEveryMs = 30_000;

/** What is known of how good answers are. Kept up to date while the daemon runs. */
export class Calibrations {
  readonly #file: MeasuredFile;
  readonly #onChange: () => void;
  readonly #log: Log;
  #version: string | null = null;
  #measured: readonly MeasuredQuestion[] = [];
  #timer: NodeJS.Timeout | null = null;
  #checking = Promise.resolve();

  /** @param onChange called after each change but the first */
  constructor(path: string, onChange: () => void, log: Log) {
    this.#file = new MeasuredFile(path);
    this.#onChange = onChange;
    this.#log = log;
  }

  get measured(): readonly MeasuredQuestion[] {
    return this.#measured;
  }

  /** Resolves when the file has been read. */
  async start(): Promise<void> {
    await this.#check();
    this.#timer = setInterval(() => {
      this.#checking = this.#checking.then(async () => {
        if (await this.#check()) this.#onChange();
      });
    }, checkEveryMs);
  }

  /** The confidence that an answer deserves; null: not measured for this camera, wording and model. */
  readonly calibrate = ({ camera, question, model, confidence }: GivenConfidence): number | null => {
    const calibration = this.#measured.find(
      (each) =>
        each.camera === camera &&
        each.question === question.name &&
        each.ask === question.ask &&
        each.model.name === model.name &&
        each.model.quant === model.quant,
    )?.calibration;
    return calibration ? calibrated(calibration, confidence) : null;
  };

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#checking;
  }

  /** A damaged file counts as empty. @returns whether something has changed */
  async #check(): Promise<boolean> {
    const version = await this.#file.version();
    if (version === this.#version) return false;
    this.#version = version;
    try {
      this.#measured = await this.#file.read();
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'confidences are not calibrated');
      this.#measured = [];
    }
    return true;
  }
}
