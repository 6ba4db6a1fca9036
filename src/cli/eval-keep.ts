import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { MeasuredQuestion } from '../domain/calibration.ts';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { takeLock } from '../models/installed/folder-lock.ts';
import { measuredPathOf } from '../setup/labelled-folder.ts';
import { MeasuredFile } from '../store/measured-file.ts';
import { requireWritable } from '../system/require-writable.ts';
import { requireState } from '../system/state-access.ts';
import type { ReportedSetting } from './eval-text.ts';

const lockWaitMs = 10_000;

/** What `scenecast eval --keep` leaves for the daemon of a config. */
export class KeptMeasures {
  readonly #path: string;
  readonly #file: MeasuredFile;

  private constructor(path: string) {
    this.#path = path;
    this.#file = new MeasuredFile(path);
  }

  /** @throws ConfigError if it could not be saved: to measure takes long */
  static async open(configPath: string | undefined): Promise<KeptMeasures> {
    if (configPath === undefined)
      throw new ConfigError('--keep: needs --config FILE, as it is for the daemon of a config');
    const path = resolve(configPath);
    const config = await loadConfig(path);
    if (config.store.folder === null) requireState('write');
    const kept = new KeptMeasures(measuredPathOf(config, dirname(path)));
    await mkdir(dirname(kept.#path), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw new ConfigError(`store.folder: ${messageOf(cause)}`, { cause });
    });
    await requireWritable(kept.#path);
    await kept.#file.read();
    return kept;
  }

  async save({ model: { name, quant }, questions }: ReportedSetting, at: Date): Promise<void> {
    const measured = questions.map(
      ({ camera, question, report: { count, right, confidence } }): MeasuredQuestion => ({
        ...{ camera, question: question.name, ask: question.ask, model: { name, quant } },
        ...{ labels: count, right, at },
        calibrationError: confidence && (confidence.calibrated ?? confidence).calibrationError,
        calibration: confidence?.calibrated?.calibration ?? null,
      }),
    );
    // Another eval may have measured other questions.
    const lock = await takeLock(`${this.#path}.lock`, `${this.#path} is being written`, lockWaitMs);
    try {
      await this.#file.save(measured);
    } finally {
      await lock.release();
    }
  }
}
