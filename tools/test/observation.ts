import { ulid } from 'ulid';
import type { Answer, Observation } from '../../src/domain/observation.ts';

/** A fake observation; its text contains its id. */
export function observation({
  id = ulid(),
  camera = 'porch',
  text = `what ${id} shows`,
  answers = {},
  capturedAt = new Date('2026-11-21T12:00:00Z'),
}: {
  id?: string;
  camera?: string;
  /** null: it only answers. */
  text?: string | null;
  answers?: Record<string, Answer>;
  capturedAt?: Date;
} = {}): Observation {
  return {
    frame: {
      id,
      camera,
      capturedAt,
      captureMs: 1,
      picture: { size: { width: 1, height: 1 }, bytes: Buffer.from('jpeg') },
    },
    trigger: 'interval',
    prompt: text === null ? null : 'default',
    description: {
      text,
      answers,
      finishReason: text === null ? null : 'stop',
      timings: { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: 0 },
      tokens: { image: 1, imageOmitted: 0, prompt: 1, completion: 1, drafted: 0, accepted: 0 },
      model: { name: 'demo', quant: 'F16', build: 'b1' },
    },
    judged: Object.fromEntries(
      Object.entries(answers).map(([name, value]) => [
        name,
        { value, confidence: null, isCalibrated: false },
      ]),
    ),
    queueMs: 0,
    totalMs: 0,
  };
}
