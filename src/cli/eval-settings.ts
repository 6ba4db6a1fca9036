import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Config, ModelConfig } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import { type Detail, details } from '../domain/detail.ts';
import { ConfigError } from '../domain/errors.ts';
import { isLabelled, isOfType, type Label, type LabelledQuestion } from '../domain/label.ts';
import { promptIn } from '../domain/language.ts';
import type { ModelFiles } from '../models/installed/locate.ts';
import { chosenFiles, chosenModel, withPictureFlags } from './chosen-model.ts';
import { isPositive } from './flag-parser.ts';

/** What a setting can be made of; the rest is as configured. */
export interface SettingFlags {
  readonly config?: string;
  readonly model?: string;
  readonly detail?: Detail;
  readonly imageTokens?: number;
  readonly prompt?: string;
  readonly ask?: string;
}

/** A way to answer the questions of a labelled set. */
export interface EvalSetting {
  readonly model: ModelConfig;
  readonly files: ModelFiles;
  /** null: pictures are not described, only the questions are asked. */
  readonly prompt: string | null;
  /** The label's question as it is asked; null: its label does not fit its type any more. */
  questionOf(label: Label): LabelledQuestion | null;
}

const comparable = ['ask', 'model', 'detail', 'image_tokens', 'prompt'] as const;
type Comparable = (typeof comparable)[number];
export type Compared = Partial<Record<Comparable, string>>;

/** Reads `--compare ask=...`. @throws InvalidArgumentError */
export function parseCompared(text: string, previous: Compared = {}): Compared {
  const [, key = '', value = ''] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  if (!comparable.includes(key as Comparable))
    throw new InvalidArgumentError(
      `It must be ${comparable.map((each) => `${each}=...`).join(', ')}, such as ask="Is the gate shut?".`,
    );
  if (key === 'detail' && !details.includes(value as Detail))
    throw new InvalidArgumentError(`detail must be one of ${details.join(', ')}.`);
  if (key === 'image_tokens' && !isPositive(value))
    throw new InvalidArgumentError('image_tokens must be a whole number of at least 1.');
  return { ...previous, [key]: value };
}

/** The flags of a second setting. */
export function withCompared<Flags extends SettingFlags>(flags: Flags, compared: Compared): Flags {
  const { image_tokens: imageTokens, ...others } = compared;
  return { ...flags, ...others, ...(imageTokens !== undefined && { imageTokens: Number(imageTokens) }) };
}

/** The setting that the flags describe. @throws ConfigError */
export async function settingOf(flags: SettingFlags): Promise<EvalSetting> {
  const { config, key, model } = await chosenModel(flags);
  if (config && config.engine !== 'own' && flags.model === undefined)
    throw new ConfigError(
      'the config describes by an engine elsewhere, but this measures a model on this board: name it with --model',
    );
  const files = await chosenFiles({ key, model }, flags);
  return {
    model: withPictureFlags(model, flags),
    files,
    prompt: flags.prompt === undefined ? null : promptIn(config?.language ?? 'en', flags.prompt),
    questionOf: (label) => {
      const question = configuredQuestion(config, label) ?? label.question;
      if (!isOfType(question.type, label.value)) return null;
      return flags.ask === undefined ? question : { ...question, ask: flags.ask };
    },
  };
}

/** The question as the config has it now; null: it does not have it, or not as one that can be labelled. */
function configuredQuestion(config: Config | null, { camera, question }: Label): LabelledQuestion | null {
  const configured = questionsOf(config?.cameras[camera]?.questions ?? {});
  const found = configured.find(({ name }) => name === question.name);
  return found && isLabelled(found) ? found : null;
}

/** The questions of labels that a config does not have, or not as ones that can be labelled: `porch/gate_open`. */
export function unconfiguredQuestions(config: Config, labels: readonly Label[]): string[] {
  const missing = labels.filter((label) => configuredQuestion(config, label) === null);
  return [...new Set(missing.map(({ camera, question: { name } }) => `${camera}/${name}`))];
}

/**
 * The labels that the flags choose.
 * @throws ConfigError if there are none, or one wording was given for several questions
 */
export function chosenLabels(
  labels: readonly Label[],
  folder: string,
  { camera, question, ask }: { readonly camera?: string; readonly question?: string; readonly ask?: string },
): Label[] {
  const chosen = labels.filter(
    (label) =>
      (camera === undefined || label.camera === camera) &&
      (question === undefined || label.question.name === question),
  );
  const names = [...new Set(labels.map(({ question: { name } }) => name))].join(', ');
  const cameras = [...new Set(labels.map((label) => label.camera))].join(', ');
  if (labels.length === 0)
    throw new ConfigError(`${resolve(folder)}: has no labels; make some with scenecast label ${folder}`);
  if (chosen.length === 0)
    throw new ConfigError(
      `no labels are of that camera and question; there are cameras ${cameras}, questions ${names}`,
    );
  const asked = new Set(chosen.map(({ question: { name } }) => name));
  if (ask !== undefined && asked.size > 1)
    throw new ConfigError(
      `the wording is of one question: choose it with --question, one of ${[...asked].join(', ')}`,
    );
  return chosen;
}
