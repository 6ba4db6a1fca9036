import { z } from 'zod';
import { namePattern } from '../contract/fields.ts';
import { askedOf, labelledQuestionSchema } from '../contract/questions.ts';
import { ConfigError } from '../domain/errors.ts';
import { faultLine } from '../domain/fault-line.ts';
import { isOfType, type Label, type LabelledType } from '../domain/label.ts';

const nameWords = 'must be letters, digits, _ and -, such as gate_open';
const pathWords = 'must be the path of a picture in this folder, such as "porch/1.jpg"';

/** What a line has besides the question itself. Other keys, such as an owner's remarks, are ignored. */
const lineSchema = z.object({
  picture: z.string(pathWords).refine(isWithin, pathWords),
  camera: z.string(nameWords).regex(namePattern, nameWords),
  question: z.string(nameWords).regex(namePattern, nameWords),
  value: z.unknown().refine((value) => value !== undefined, 'must be the right answer; null: withdrawn'),
  by: z.string('must be text').nullable().default(null),
  at: z.iso.datetime('must be a time such as 2026-01-31T12:00:00Z').nullable().default(null),
});

const questionKeys = ['ask', 'type', 'min', 'max', 'values'] as const;

/** One line of a labels file. `at` follows the value, so that the lines of a question look alike as far as they do. */
export function labelLine({ picture, camera, question, value, by, at }: Label): string {
  const { name, ask, type } = question;
  const { kind, ...limits } = type;
  const spec = { question: name, ask, type: kind, ...limits };
  return JSON.stringify({ picture, camera, ...spec, value, by, at: at?.toISOString() ?? null });
}

/** @param place the file and line, for the error. @throws ConfigError naming field, value and remedy */
export function parseLabelLine(line: string, place: string): Label {
  const refuse = (fault: string, cause?: unknown): never => {
    throw new ConfigError(`${place}: ${fault}; correct the line, or delete it`, { cause });
  };
  if (line.includes('\uFFFD'))
    throw new ConfigError(`${place} is not UTF-8; convert the file, such as with iconv -f latin1 -t utf-8`);
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    return refuse('must be a JSON object on one line', cause);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return refuse('must be a JSON object on one line');
  const asked = Object.fromEntries(questionKeys.filter((key) => key in json).map((key) => [key, json[key]]));
  const fields = lineSchema.safeParse(json);
  if (!fields.success) return refuse(firstFault(fields.error, json), fields.error);
  const spec = labelledQuestionSchema.safeParse(asked);
  if (!spec.success) return refuse(firstFault(spec.error, json), spec.error);
  const { picture, camera, question: name, value, by, at } = fields.data;
  const { ask, type } = askedOf(spec.data) as { ask: string; type: LabelledType };
  if (value !== null && !isOfType(type, value))
    return refuse(faultLine(['value'], `must be ${valueWords(type)}`, value));
  return {
    picture,
    camera,
    question: { name, ask, type },
    value: value as Label['value'],
    by,
    at: at === null ? null : new Date(at),
  };
}

/** The answers that a question takes, in words. */
export function valueWords(type: LabelledType): string {
  switch (type.kind) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number from ${type.min} to ${type.max}`;
    case 'enum':
      return `one of ${type.values.map((value) => JSON.stringify(value)).join(', ')}`;
  }
}

function firstFault({ issues }: z.ZodError, json: Record<string, unknown>): string {
  const { path, code, message } = issues[0]!;
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], json);
  if (code === 'invalid_union') return faultLine(path, 'must be boolean, integer or enum', value);
  const isOwn = message.startsWith('must');
  return value === undefined
    ? faultLine(path, `is missing${isOwn ? `; ${message}` : ''}`)
    : faultLine(path, message, value);
}

/** A path that does not leave its folder, with `/` between its parts. */
function isWithin(path: string): boolean {
  return path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
