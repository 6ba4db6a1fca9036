import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { askedOf, questionSchema } from '../contract/questions.ts';
import type { Question } from '../domain/observation.ts';

const mustBe = 'must be boolean, integer, integer:MIN-MAX or enum:VALUE,VALUE';

/** The questions of a command line: each `--ask`, with the type that the `--type` after it gives. */
export class AskedQuestions {
  #asked: Omit<Question, 'name'>[] = [];

  /** By their words. */
  get all(): readonly Question[] {
    return this.#asked.map((question) => ({ name: question.ask, ...question }));
  }

  /** Reads `--ask`. */
  readonly ask = (words: string): void => {
    this.#asked.push({ ask: words });
  };

  /** Reads `--type`. @throws InvalidArgumentError */
  readonly type = (text: string): void => {
    const last = this.#asked.pop();
    if (!last || last.type)
      throw new InvalidArgumentError('It gives the answer to the --ask before it a type; write --ask first.');
    this.#asked.push(typed(last.ask, text));
  };
}

function typed(ask: string, text: string): Omit<Question, 'name'> {
  const [, kind = '', rest] = /^(boolean|integer|enum)(?::(.*))?$/s.exec(text) ?? [];
  const [, min, max] = /^(-?\d+)-(-?\d+)$/.exec(rest ?? '') ?? [];
  const isRight = rest === undefined ? kind !== 'enum' : kind === 'enum' || (kind === 'integer' && max);
  if (kind === '' || !isRight) throw new InvalidArgumentError(`It ${mustBe}.`);
  const question = questionSchema.safeParse({
    ask,
    type: kind,
    ...(kind === 'enum' && { values: rest!.split(',').map((value) => value.trim()) }),
    ...(max !== undefined && { min: Number(min), max: Number(max) }),
  });
  if (!question.success) throw new InvalidArgumentError(`It ${mustBe}: ${z.prettifyError(question.error)}.`);
  return askedOf(question.data);
}
