import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { modelsCommand } from '../../src/cli/models.ts';

let state = '';

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'scenecast-models-'));
  return () => {
    vi.unstubAllEnvs();
    rmSync(state, { recursive: true });
  };
});

test.each([
  [['pull', 'nix'], {}, 78, /nix: neither a model of the catalogue .* nor an address/],
  [
    ['pull', 'smolvlm2-256m', '--name', 'x'],
    {},
    78,
    /pull a model of the catalogue on its own and without --name/,
  ],
  [['pull', 'hf:a/b/x.gguf', '--name', 'moondream2'], {}, 78, /the catalogue has a model of this name/],
  [['pull', 'hf:a/b/x.gguf', '--name', '../x'], {}, 78, /not a valid model name/],
  [['pull', 'hf:a/b/x.gguf', '--endpoint', '::'], {}, 78, /--endpoint: must be a URL/],
  [['pull', 'hf:a/b/x.gguf', '--token-file', '/nowhere'], {}, 78, /--token-file \/nowhere: cannot be read/],
  [['pull', 'hf:a/b/x.gguf'], { HF_ENDPOINT: 'http://example.invalid', HF_TOKEN: 'x' }, 78, /unencrypted/],
  [['pull', 'smolvlm2-256m', '--quant-mmproj', 'Q4_0'], {}, 1, /It must be F16 or Q8_0/],
  [['show', 'nix'], {}, 78, /nix: neither in the catalogue nor in/],
  [['remove', 'nix'], {}, 78, /nix: no model found/],
])('models %j with %j ends with exit code %i', async (args, env, code, message) => {
  vi.stubEnv('XDG_STATE_HOME', state);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const command = modelsCommand(new AbortController().signal);
  const error = await command.parseAsync(args, { from: 'user' }).catch((thrown) => thrown);
  expect(error.message).toMatch(message);
  expect(error.exitCode).toBe(code);
});
