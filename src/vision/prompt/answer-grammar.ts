import { EngineError } from '../../domain/errors.ts';
import type { Answer, AnswerType } from '../../domain/observation.ts';

// Typed answers: a GBNF grammar that the sampled text cannot leave, and what the text then means. GBNF:
// https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md

/**
 * The grammar of an answer. Its language is finite and each of its texts is parsed by {@link parseAnswer}; the model can
 * end only where an answer is complete. A space may come first, as most tokenisers begin a word with one.
 * @throws RangeError for a type without answers
 */
export function answerGrammar(type: AnswerType): string {
  return `root ::= " "? (${answers(type)})`;
}

function answers(type: AnswerType): string {
  switch (type.kind) {
    case 'boolean':
      return '"Yes" | "yes" | "No" | "no"';
    case 'integer':
      return integers(type.min, type.max);
    case 'enum':
      if (type.values.length === 0) throw new RangeError('an answer needs at least one value');
      return type.values.map(literal).join(' | ');
    case 'string': {
      if (!(type.maxLength >= 1)) throw new RangeError(`no text has at most ${type.maxLength} characters`);
      // No control characters, and nothing that is no character: llama.cpp reads more than Unicode has.
      const none = '\\x7F\\uD800-\\uDFFF\\U00110000-\\U001FFFFF';
      const first = `[^\\x00-\\x20${none}]`;
      const rest = `[^\\x00-\\x1F${none}]`;
      return type.maxLength === 1 ? first : `${first} ${rest}{0,${type.maxLength - 1}}`;
    }
  }
}

/**
 * The most tokens an answer can take, as no token is shorter than a byte; with the space before it and the token that
 * ends it. A limit below it could cut an answer into something that is none.
 */
export function mostAnswerTokens(type: AnswerType): number {
  return longest(type) + 2;
}

function longest(type: AnswerType): number {
  switch (type.kind) {
    case 'boolean':
      return 3;
    case 'integer':
      return Math.max(String(type.min).length, String(type.max).length);
    case 'enum':
      return Math.max(...type.values.map((value) => Buffer.byteLength(value)));
    case 'string':
      return type.maxLength * 4;
  }
}

/** What a text of {@link answerGrammar}'s language says. @throws EngineError BAD_ANSWER for any other text */
export function parseAnswer(type: AnswerType, text: string): Answer {
  const value = parse(type, text);
  if (value === null) throw new EngineError('BAD_ANSWER', `"${text}" is no answer of type ${type.kind}`);
  return value;
}

function parse(type: AnswerType, text: string): Answer | null {
  const words = text.startsWith(' ') ? text.slice(1) : text;
  switch (type.kind) {
    case 'boolean': {
      const word = words.toLowerCase();
      return word === 'yes' ? true : word === 'no' ? false : null;
    }
    case 'integer': {
      const value = /^-?\d+$/.test(words) ? Number(words) : Number.NaN;
      return value >= type.min && value <= type.max ? value : null;
    }
    case 'enum':
      return type.values.includes(words) ? words : null;
    case 'string': {
      // A model may end within a character of several bytes.
      const whole = words.replace(/\uFFFD+$/, '') || words;
      const characters = [...whole].slice(0, type.maxLength);
      return characters.join('').trimEnd();
    }
  }
}

/** A text as GBNF writes it. */
function literal(text: string): string {
  const escaped = text.replace(/["\\]/g, (character) => `\\${character}`);
  return `"${escaped}"`;
}

/** The whole numbers from `min` to `max`, without leading zeros. */
function integers(min: number, max: number): string {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max)
    throw new RangeError(`there are no whole numbers from ${min} to ${max}`);
  const parts: string[] = [];
  if (max >= 0) parts.push(naturals(Math.max(min, 0), max));
  if (min < 0) parts.push(`"-" (${naturals(Math.max(-max, 1), -min)})`);
  return parts.join(' | ');
}

/** One alternative for each number of digits. */
function naturals(min: number, max: number): string {
  const parts: string[] = [];
  for (let digits = String(min).length; digits <= String(max).length; digits++) {
    const least = digits === 1 ? 0 : 10 ** (digits - 1);
    const low = Math.max(min, least);
    const high = Math.min(max, 10 ** digits - 1);
    parts.push(digitsBetween(String(low), String(high)));
  }
  return parts.join(' | ');
}

/** Texts of digits from `low` to `high`, which are of one length. */
function digitsBetween(low: string, high: string): string {
  if (/^0*$/.test(low) && /^9*$/.test(high)) return anyDigits(low.length);
  const [firstLow, firstHigh] = [Number(low[0]), Number(high[0])];
  const [restLow, restHigh] = [low.slice(1), high.slice(1)];
  if (restLow === '') return digit(firstLow, firstHigh);
  if (firstLow === firstHigh) return `${digit(firstLow, firstLow)} (${digitsBetween(restLow, restHigh)})`;
  const nines = '9'.repeat(restLow.length);
  const zeros = '0'.repeat(restLow.length);
  const parts: string[] = [];
  // The first digits whose rest is free, between those at the edges whose rest is not.
  const from = restLow === zeros ? firstLow : firstLow + 1;
  const to = restHigh === nines ? firstHigh : firstHigh - 1;
  if (from > firstLow) parts.push(`${digit(firstLow, firstLow)} (${digitsBetween(restLow, nines)})`);
  if (from <= to) parts.push(`${digit(from, to)} ${anyDigits(restLow.length)}`);
  if (to < firstHigh) parts.push(`${digit(firstHigh, firstHigh)} (${digitsBetween(zeros, restHigh)})`);
  return parts.join(' | ');
}

function anyDigits(count: number): string {
  return `[0-9]{${count}}`;
}

function digit(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`;
}
