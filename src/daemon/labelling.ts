import { labelledValue } from '../answers/labelled-value.ts';
import type { Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import type { Calibrate } from '../domain/calibrate.ts';
import type { MeasuredQuestion } from '../domain/calibration.ts';
import { CommandError } from '../domain/errors.ts';
import type { Feedback, LabelledFrame } from '../domain/feedback.ts';
import { isLabelled } from '../domain/label.ts';
import type { Observation } from '../domain/observation.ts';
import type { Collector } from '../labels/collector.ts';
import type { Log } from '../pipeline/ports.ts';
import { measuredPathOf } from '../setup/labelled-folder.ts';
import { Calibrations } from './calibrations.ts';
import { createCollector } from './collector.ts';

/** What owners' labels do for the daemon: pictures are collected to be labelled, confidences calibrated. */
export class Labelling {
  readonly #config: Config;
  readonly #calibrations: Calibrations;
  readonly #collector: Collector | null;

  /** @param onMeasured called when `scenecast eval --keep` has measured something */
  constructor(config: Config, folder: string, onMeasured: () => void, log: Log) {
    this.#config = config;
    this.#calibrations = new Calibrations(measuredPathOf(config, folder), onMeasured, log);
    this.#collector = createCollector(config, folder, log);
  }

  get measured(): readonly MeasuredQuestion[] {
    return this.#calibrations.measured;
  }

  get calibrate(): Calibrate {
    return this.#calibrations.calibrate;
  }

  async start(): Promise<void> {
    await this.#calibrations.start();
    await this.#collector?.start();
  }

  /** Returns at once. */
  observed(observation: Observation): void {
    this.#collector?.observed(observation);
  }

  /** Labels the picture of an answer. @throws CommandError */
  async feedback({ camera: named, question: asked, id, verdict }: Feedback): Promise<LabelledFrame> {
    const camera = onlyOf('camera', named, Object.keys(this.#config.cameras));
    const { collect, questions } = this.#config.cameras[camera]!;
    if (!this.#collector || !collect)
      throw new CommandError(
        'failed',
        `no picture of ${camera} is kept, so there is nothing to label; turn on cameras.${camera}.collect`,
      );
    const labelled = questionsOf(questions).filter(isLabelled);
    const name = onlyOf(
      'question',
      asked,
      labelled.map((each) => each.name),
    );
    const found = await this.#collector.answerTo(camera, name, id);
    if (!found)
      throw new CommandError(
        'unknown',
        `${id === null ? 'since the start' : `for ${id}`}, no answer to ${name} is known`,
      );
    const { question, value } = found;
    const right = labelledValue(question.type, value, verdict);
    const label = await this.#collector.label(found.id, { camera, question, value: right }, 'mqtt');
    if (label) return { id: found.id, camera, question: name, value: right };
    throw new CommandError(
      'failed',
      `its picture is no longer known, or all ${collect.keep} pictures are labelled; raise cameras.${camera}.collect`,
    );
  }

  async close(): Promise<void> {
    await this.#calibrations.close();
    await this.#collector?.close();
  }
}

function onlyOf(what: string, name: string | null, names: readonly string[]): string {
  if (name !== null && names.includes(name)) return name;
  if (name !== null)
    throw new CommandError('unknown', `no ${what} is named "${name}"; there are: ${names.join(', ')}`);
  if (names.length === 1) return names[0]!;
  throw new CommandError('invalid', `${what}: must be one of ${names.join(', ')}`);
}
