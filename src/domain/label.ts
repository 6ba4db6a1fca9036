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

/** Whether a question can be labelled: free answers can be right in many ways. */
export function isLabelled(question: Question): question is LabelledQuestion {
  return question.type !== undefined && question.type.kind !== 'string';
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

/** Whether "wrong" says what is right. */
export function hasTwoValues(type: LabelledType): boolean {
  return someValuesOf(type).length === 2;
}

/** The values of a type; of more than two only some. */
export function someValuesOf(type: LabelledType): readonly Answer[] {
  switch (type.kind) {
    case 'boolean':
      return [true, false];
    case 'integer':
      return Array.from({ length: Math.min(3, type.max - type.min + 1) }, (_, index) => type.min + index);
    case 'enum':
      return [...new Set(type.values)];
  }
}
