import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, messageOf } from '../../src/domain/errors.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { EngineClient } from '../../src/vision/process/engine-client.ts';
import { plainEngine } from '../test/plain-engine.ts';

export interface ModelPair {
  readonly textPath: string;
  readonly mmprojPath: string;
}

/** `refused` and `failed` are errors with a clear message; `bad` is everything that must not happen. */
export type Outcome =
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'described' | 'failed' }
  | { readonly kind: 'bad'; readonly why: string };

/** Small files load quickly; the limit allows for a busy machine. */
const maxMs = 120_000;

/** Loads a model in an engine process, as the daemon does, and describes one picture with it. */
export async function tryModel(model: ModelPair, picture: Picture): Promise<Outcome> {
  const client = new EngineClient({
    engine: {
      ...plainEngine,
      ...model,
      contextSize: 1024,
      maxTokens: 4,
    },
    deadlineMs: maxMs,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const late = new AbortController();
  try {
    const hung = sleep(maxMs, 'hung' as const, { signal: late.signal });
    hung.catch(() => {});
    const loaded = await Promise.race([client.start(), hung]);
    if (loaded === 'hung') return { kind: 'bad', why: `not loaded within ${maxMs} ms` };
  } catch (error) {
    return refusal(error, model);
  } finally {
    late.abort();
  }
  try {
    await client.describe({ picture, prompt: 'x', questions: [] }, new AbortController().signal);
    return { kind: 'described' };
  } catch (error) {
    // A fault that appears only while describing; the daemon restarts the engine.
    return error instanceof EngineError && error.code !== 'DEADLINE'
      ? { kind: 'failed' }
      : { kind: 'bad', why: messageOf(error) };
  } finally {
    await client.close();
  }
}

function refusal(error: unknown, { textPath, mmprojPath }: ModelPair): Outcome {
  if (!(error instanceof EngineError)) return { kind: 'bad', why: `no EngineError: ${messageOf(error)}` };
  const { code, message } = error;
  if (code === 'ENGINE_DIED' || code === 'UNKNOWN' || code === 'INTERNAL') {
    return { kind: 'bad', why: `${code}: ${message}` };
  }
  if (!message.includes(textPath) && !message.includes(mmprojPath)) {
    return { kind: 'bad', why: `${code} does not name the file: ${message}` };
  }
  return { kind: 'refused', code, message };
}
