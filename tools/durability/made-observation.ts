import { ulid } from 'ulid';
import type { Observation } from '../../src/domain/observation.ts';

const cameras = ['porch', 'yard', 'gate'];

/** A fake observation: text and answers of realistic length that depend only on the number. */
export function madeObservation(number: number): Observation {
  const answers = { people: number % 10, gate_open: number % 2 === 0 };
  const confidences = { people: 0.75, gate_open: 0.9 };
  const capturedAt = new Date();
  const camera = cameras[number % cameras.length]!;
  return {
    frame: {
      id: ulid(capturedAt.getTime()),
      camera,
      capturedAt,
      captureMs: 12.3,
      picture: { size: { width: 640, height: 480 }, bytes: Buffer.from(`picture ${number}`) },
    },
    trigger: 'change',
    prompt: 'default',
    description: {
      text: `Description ${number} of the ${camera}: ${'a person carries a parcel towards the door. '.repeat(4)}`,
      answers,
      confidences,
      finishReason: 'stop',
      timings: { packMs: 1, encodeMs: 2, prefillMs: 3, generateMs: 4 },
      tokens: { image: 576, imageOmitted: 0, prompt: 20, completion: 60, drafted: 0, accepted: 0 },
      model: { name: 'none', quant: 'none', build: 'none' },
    },
    judged: {
      people: { value: answers.people, confidence: confidences.people, isCalibrated: false },
      gate_open: { value: answers.gate_open, confidence: confidences.gate_open, isCalibrated: false },
    },
    queueMs: 1,
    totalMs: 20,
  };
}
