import type { HealthPayload } from '../../contract/health-payload.ts';
import type { AnswerPayload } from '../../contract/payloads.ts';
import type { AlertPayload, RulePayload } from '../../contract/rule-payloads.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { printable } from '../terminal/printable.ts';
import { type Span, span } from '../terminal/span.ts';

/** `12 s`, `5 min`, `3 h`, `2 d`; a clock that is ahead counts as now. */
export function ageWords(since: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** The words of the window, each for the confidences from its own on. */
const sureWords = [
  [0.95, 'very sure'],
  [0.8, 'sure'],
  [0.6, 'fairly sure'],
  [0, 'unsure'],
] as const;

/** Of one answer, and how sure it is; an uncertain one has no value. */
export function answerWords(question: string, { value, confidence }: AnswerPayload): string {
  return printable(`${question}: ${value ?? 'uncertain'}${value === null ? '' : inBrackets(confidence)}`);
}

/** Of one rule: what it is, for how long, and how sure that is, or why it is not known. @param age '': not known */
export function ruleWords(rule: string, { state, reason, confidence }: RulePayload, age: string): string {
  if (state === 'unknown') return printable(`${rule} is unknown${reason ? ` (${reason})` : ''}`);
  return printable(`${rule} is ${state}${age && ` for ${age}`}${inBrackets(confidence)}`);
}

export function alertWords({ rule, note, watch, state, confidence }: AlertPayload): string {
  return printable(`alert: ${rule ?? note ?? watch} is ${state}${inBrackets(confidence)}`);
}

/** The same alert can arrive again. */
export function alertId({ id, rule, watch, state }: AlertPayload): string {
  return `${id} ${rule ?? watch} ${state}`;
}

function inBrackets(confidence: number | null): string {
  const [, word] = sureWords.find(([from]) => confidence !== null && confidence >= from) ?? [];
  return word ? ` (${word})` : '';
}

/** What is wrong with a board, in words. */
export function troublesOf({ engine, board, outbox, remote_engine }: HealthPayload): string[] {
  return [
    ...(engine === 'failing' ? ['engine failing'] : []),
    ...(remote_engine?.state === 'failing' ? [`engine server failing: ${remote_engine.reason ?? ''}`] : []),
    ...(board?.clock_limited ? ['clock limited'] : []),
    ...(board?.under_voltage ? ['supply voltage too low'] : []),
    ...(outbox?.fault ? [`outbox: ${outbox.fault}`] : []),
  ].map(printable);
}

/** How a board does: the numbers that people look at, and what is wrong. */
export function healthSpans(health: HealthPayload): Span[] {
  const { engine, queue_depth, board, outbox, timing_ms, tokens_per_second } = health;
  const parts = [
    ...(engine === 'failing' ? [] : [span(`engine ${engine}`)]),
    ...troublesOf(health).map((trouble) => span(trouble, 'red')),
    ...(queue_depth > 0 ? [span(`${queue_depth} waiting`)] : []),
    ...(timing_ms ? [span(`${secondsWords(timing_ms.p50)} a picture`)] : []),
    ...(tokens_per_second === undefined ? [] : [span(`${tokens_per_second} tokens/s`)]),
    ...(typeof board?.temperature_c === 'number' ? [span(`${Math.round(board.temperature_c)} °C`)] : []),
    ...(board ? [span(`${formatBytes(board.memory_available_bytes)} free`)] : []),
    ...(outbox && outbox.depth > 0 ? [span(`${outbox.depth} in the outbox`)] : []),
  ];
  return parts.flatMap((part, index) => (index === 0 ? [part] : [span(' · ', 'dim'), part]));
}

export function secondsWords(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 100_000 ? 1 : 0)} s`;
}
