import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { createEngineServer } from '../../src/daemon/engine-server.ts';
import type { EngineServer } from '../../src/engine-server/engine-server.ts';
import { FakeChat } from '../../tools/test/fake-chat.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-serve-'));
  return () => rmSync(folder, { recursive: true });
});

function serverOf(serve: object): Promise<EngineServer | null> {
  const config = parseConfig(
    JSON.stringify({ cameras: { a: { source: { type: 'scene' } } }, serve }),
    'c.yaml',
  );
  return createEngineServer(config, folder, { chat: new FakeChat(), info: () => null }, new LogLines());
}

test('a board serves only if the config names an address', async () => {
  expect(await serverOf({})).toBeNull();
  expect(await serverOf({ token_file: 'missing' })).toBeNull();
  expect(await serverOf({ listen: '127.0.0.1:8481' })).not.toBeNull();
});

test.each([
  [null, /serve\.token_file: .*token/],
  ['\n', /serve\.token_file: its first line is empty/],
  [
    'canary-15-chars\n',
    /serve\.token_file: the token must have at least 16 characters \(it has 15\); make one with openssl/,
  ],
])(
  'a token that cannot be used is a fault of the config, which does not show it: %j',
  async (content, message) => {
    if (content !== null) writeFileSync(join(folder, 'token'), content);
    const refused = serverOf({ listen: '0.0.0.0:8481', token_file: 'token' });
    await expect(refused).rejects.toMatchObject({ exitCode: 78, message: expect.stringMatching(message) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('canary') });
  },
);

test('a relative token file is looked up beside the config', async () => {
  writeFileSync(join(folder, 'token'), 'canary-of-16-cha\n');
  expect(await serverOf({ listen: '0.0.0.0:8481', token_file: 'token' })).not.toBeNull();
});
