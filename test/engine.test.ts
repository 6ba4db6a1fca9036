import { expect, test } from 'vitest';
import { ConfigError, EngineError } from '../src/domain/errors.ts';
import { startEngine } from '../src/engine.ts';
import type { EngineClient } from '../src/vision/engine-client.ts';

const failing = (code: string): EngineClient =>
  ({ start: () => Promise.reject(new EngineError(code, 'why')) }) as unknown as EngineClient;

test('a model file that cannot be one is for a person to mend; what passes by itself is tried again', async () => {
  await expect(startEngine(failing('NOT_GGUF'))).rejects.toBeInstanceOf(ConfigError);
  for (const code of ['OUT_OF_MEMORY', 'ENGINE_DIED'])
    await expect(startEngine(failing(code))).rejects.toBeInstanceOf(EngineError);
});
