import type { Answer, AnswerType, Question } from './observation.ts';

/** A question of which an answer is either right or wrong. */
export interface LabelledQuestion extends Question {
  readonly type: LabelledType;
}

export type LabelledType = Exclude<AnswerType, { readonly kind: 'string' }>;

/** What a person says is the right answer to a question about a picture. */
export interface Label {
  /** Path of the picture in the folder of the labelled set. */
  readonly picture: string;
  readonly camera: string;
  readonly question: LabelledQuestion;
  /** null: an earlier label of this picture and question is withdrawn. */
  readonly value: Answer | null;
  /** What wrote it, such as `terminal`; null: unknown. */
  readonly by: string | null;
  readonly at: Date | null;
}

/** Of the labels in the order in which they were written, those that hold: the last of each picture and question. */
export function currentLabels(labels: readonly Label[]): Label[] {
  const last = new Map<string, Label>();
  for (const label of labels) {
    const key = `${label.picture}\n${label.question.name}`;
    last.delete(key);
    last.set(key, label);
  }
  return [...last.values()].filter(({ value }) => value !== null);
}

/** Whether a value is an answer of this type. */
export function isOfType(type: LabelledType, value: unknown): value is Answer {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value) && (value as number) >= type.min && (value as number) <= type.max;
    case 'enum':
      return type.values.includes(value as string);
  }
}
