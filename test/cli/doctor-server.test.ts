import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Check } from '../../src/cli/doctor-check.ts';
import { checkServer } from '../../src/cli/doctor-server.ts';

/** What doctor says of a server with these models, which wants the token `canary`. */
async function check(models: readonly string[], keys: object = {}): Promise<Check> {
  const server = createServer(({ url, headers }, response) => {
    const isRight = url === '/v1/models' && headers.authorization === 'Bearer canary';
    response.writeHead(isRight ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ data: models.map((id) => ({ id })) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-doctor-'));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'token'), 'canary\n');
  writeFileSync(join(folder, 'wrong'), 'another\n');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const engine = {
    url,
    model: null,
    token_file: 'token',
    several_pictures: false,
    deadline: 1000,
    fallback: 'own',
    ...keys,
  } as const;
  return checkServer(engine, folder, new AbortController().signal);
}

test.each<[models: string[], keys: object, status: Check['status'], text: RegExp]>([
  [['llava'], {}, 'ok', /^http:\/\/127\.0\.0\.1:\d+ answers; model: llava$/],
  [['llava', 'moondream'], { model: 'moondream' }, 'ok', /model: moondream$/],
  [['llava'], { model: 'moondream' }, 'warning', /does not list moondream; it has llava/],
  [['llava', 'moondream'], {}, 'warning', /has several models: llava, moondream/],
  [
    ['llava'],
    { token_file: 'wrong' },
    'failed',
    /refuses the token \(status 401\); check engine\.token_file/,
  ],
  [['llava'], { token_file: 'missing' }, 'failed', /engine\.token_file/],
  [['llava'], { url: 'http://127.0.0.1:1' }, 'failed', /http:\/\/127\.0\.0\.1:1: .*nothing listens there/],
])('of a server with %o and %o, doctor says: %s', async (models, keys, status, text) => {
  const found = await check(models, keys);
  expect(found).toMatchObject({ part: 'server', status, text: expect.stringMatching(text) });
  expect(JSON.stringify(found)).not.toContain('canary');
});
