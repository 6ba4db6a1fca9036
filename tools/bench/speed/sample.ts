import type { Reading } from './contender.ts';
import type { Sample } from './result.ts';

export interface JobReading extends Reading {
  /** The caption is exactly what was drawn. */
  readonly isRight: boolean;
}

/** The means of a round's readings. */
export function sampleOf(readings: readonly JobReading[]): Sample {
  const mean = (field: Exclude<keyof Reading, 'texts'>): number =>
    readings.reduce((sum, reading) => sum + reading[field], 0) / readings.length;
  return {
    totalMs: mean('totalMs'),
    encodeMs: mean('encodeMs'),
    prefillMs: mean('prefillMs'),
    generateMs: mean('generateMs'),
    restMs: mean('restMs'),
    promptTokens: mean('promptTokens'),
    completionTokens: mean('completionTokens'),
    draftedTokens: mean('draftedTokens'),
    acceptedTokens: mean('acceptedTokens'),
    rightCaptions: readings.filter(({ isRight }) => isRight).length,
    pictures: readings.length,
  };
}
