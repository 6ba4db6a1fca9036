import { beforeEach, expect, test, vi } from 'vitest';
import { modelSchema } from '../../src/config/schema.ts';
import { modelFilesOf } from '../../src/setup/model-files.ts';

beforeEach(() => {
  // No model is pulled there.
  vi.stubEnv('STATE_DIRECTORY', '/nonexistent');
  return () => vi.unstubAllEnvs();
});

test('an error names the section of the config', async () => {
  const files = (path: string) =>
    modelFilesOf(modelSchema.parse({ path }), import.meta.dirname, 'models.thorough');
  await expect(files('/gone')).rejects.toThrow(/^models\.thorough\.path \/gone: not a readable folder/);
  await expect(files('.')).rejects.toThrow(/^models\.thorough\.path .*: holds no/);
  await expect(files('smolvlm2-256m')).rejects.toThrow(
    /^models\.thorough\.path smolvlm2-256m: .* is not downloaded/,
  );
});

test('a name that is no model is an error with the command that lists them', async () => {
  await expect(modelFilesOf(modelSchema.parse({ path: 'qwen9' }), import.meta.dirname)).rejects.toThrow(
    /^model\.path qwen9: neither .*scenecast models list/,
  );
});
