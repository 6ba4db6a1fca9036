import type { Description, Question } from '../domain/observation.ts';
import { engineTimings, roundedConfidences, summaryOf, tenths, tokenPayload } from './payloads.ts';
import type { WorkDataPayload, WorkQuestionsPayload } from './work.ts';

/** An image that was described for another device. */
export interface DescribedWork {
  readonly id: string;
  /** The device that described it. */
  readonly worker: string;
  readonly image: WorkDataPayload['image'];
  readonly description: Description;
  /** From its arrival until the engine was free for it. */
  readonly queueMs: number;
  /** From its arrival to the end of the description. */
  readonly totalMs: number;
}

export function workDataPayload(work: DescribedWork): WorkDataPayload {
  const { id, worker, image, description, queueMs, totalMs } = work;
  const { text, answers, timings, tokens, model, finishReason } = description;
  return {
    schema: 1,
    id,
    worker,
    summary: summaryOf(text!),
    description: text!,
    answers: { ...answers },
    confidences: roundedConfidences(description),
    image,
    model: { ...model },
    timing_ms: {
      queue: tenths(queueMs),
      ...engineTimings(timings),
      total: tenths(totalMs),
    },
    tokens: tokenPayload(tokens),
    finish_reason: finishReason!,
  };
}

/** The reverse, for the sender: a description like those of its own engine. */
export function descriptionOfWork(data: WorkDataPayload): Description {
  const { description, answers, confidences, finish_reason, timing_ms, model } = data;
  const { image_omitted, ...tokens } = data.tokens;
  return {
    text: description,
    answers,
    confidences,
    finishReason: finish_reason,
    timings: {
      packMs: timing_ms.pack,
      encodeMs: timing_ms.encode,
      prefillMs: timing_ms.prefill,
      generateMs: timing_ms.generate,
    },
    tokens: { ...tokens, imageOmitted: image_omitted },
    model,
  };
}

export function workQuestionsPayload(questions: readonly Question[]): WorkQuestionsPayload {
  return Object.fromEntries(questions.map((question) => [question.name, questionPayload(question)]));
}

function questionPayload({ ask, type }: Question): WorkQuestionsPayload[string] {
  switch (type?.kind) {
    case undefined:
      return { ask };
    case 'boolean':
      return { ask, type: 'boolean' };
    case 'integer':
      return { ask, type: 'integer', min: type.min, max: type.max };
    case 'enum':
      return { ask, type: 'enum', values: [...type.values] };
    case 'string':
      return { ask, type: 'string', max_length: type.maxLength };
  }
}
