import { expect, onTestFinished, test, vi } from 'vitest';
import { modelSchema } from '../../src/config/schema.ts';
import { ConfigError, EngineError } from '../../src/domain/errors.ts';
import { setUpEngine, startEngine } from '../../src/setup/engine.ts';
import { usualJob } from '../../src/setup/job.ts';
import { modelFilesOf } from '../../src/setup/model-files.ts';
import type { EngineClient } from '../../src/vision/process/engine-client.ts';

const failing = (code: string): EngineClient =>
  ({ start: () => Promise.reject(new EngineError(code, 'why')) }) as unknown as EngineClient;

test('an invalid model file is a ConfigError; a temporary failure is not', async () => {
  await expect(startEngine(failing('NOT_GGUF'))).rejects.toBeInstanceOf(ConfigError);
  for (const code of ['OUT_OF_MEMORY', 'ENGINE_DIED'])
    await expect(startEngine(failing(code))).rejects.toBeInstanceOf(EngineError);
});

test('a process that cannot be started does not blame the model files', async () => {
  const node = process.execPath;
  // A kept sizing would need no process.
  vi.stubEnv('STATE_DIRECTORY', '/nonexistent');
  onTestFinished(() => {
    process.execPath = node;
    vi.unstubAllEnvs();
  });
  const model = modelSchema.parse({});
  const files = await modelFilesOf(model, process.cwd());
  process.execPath = '/no/such/node';
  await expect(setUpEngine(model, files, usualJob)).rejects.toMatchObject({
    name: 'EngineError',
    code: 'NOT_STARTED',
    message: expect.stringContaining('cannot be started'),
  });
});
