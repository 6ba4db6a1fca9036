import type { Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import { isLabelled } from '../domain/label.ts';
import { LabelQueue } from '../labels/label-queue.ts';
import { collectedFolderOf } from '../setup/labelled-folder.ts';

/** The collected pictures, to be labelled in the window; null: none are collected, or the window shows no pictures. */
export function createLabelQueue(config: Config, folder: string): LabelQueue | null {
  const collecting = Object.entries(config.cameras).filter(([, { collect }]) => collect !== null);
  if (collecting.length === 0 || !config.web.pictures) return null;
  const questions = collecting.map(
    ([name, camera]) => [name, questionsOf(camera.questions).filter(isLabelled)] as const,
  );
  return new LabelQueue(collectedFolderOf(config, folder), new Map(questions), 'window');
}
