import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultHubAccess, type HubAccess } from '../../../src/models/download/hub-request.ts';
import { fetchHeader } from '../../../src/models/download/remote-header.ts';
import { parseAddress } from '../../../src/models/hub-address.ts';
import { clipLarge, writeHollowModel } from '../../../tools/test/hollow-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-header-'));
const { mmprojPath, textPath } = writeHollowModel(folder, {
  text: { width: 512, blocks: 2, heads: 8, feedForward: 1408, type: 'Q8_0', contextLength: 4096 },
  vision: clipLarge,
  packing: '1.6',
});
let sentBytes = 0;
const server = createServer((request, response) => {
  const path = join(folder, request.url!.slice(1));
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    response.writeHead(404).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) {
    response.writeHead(200, { 'content-length': size });
    createReadStream(path).pipe(response);
    return;
  }
  const start = Number(range[1]);
  const end = Math.min(range[2] === '' ? size - 1 : Number(range[2]), size - 1);
  sentBytes += end - start + 1;
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end}/${size}`,
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
  });
  createReadStream(path, { start, end }).pipe(response);
});
let origin: string;
let access: HubAccess;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  access = { ...defaultHubAccess, signal: AbortSignal.timeout(60_000), backoffMs: 10, attempts: 2 };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['text', textPath],
  ['mmproj', mmprojPath],
])(
  'only the header of a %s file is downloaded, into a sparse file of the right length',
  async (role, path) => {
    sentBytes = 0;
    const copy = join(folder, `${role}.copy`);
    await fetchHeader(parseAddress(`${origin}/${path.split('/').at(-1)}`), copy, access);
    const whole = statSync(path);
    const { size, blocks } = statSync(copy);
    expect(size).toBe(whole.size);
    // File and copy are sparse after the header.
    expect(blocks).toBe(whole.blocks);
    expect(readFileSync(copy).equals(readFileSync(path))).toBe(true);
    expect(sentBytes).toBeLessThan(whole.size / 4 + 8e6);
  },
);

test('a missing file is an error with its address', async () => {
  await expect(
    fetchHeader(parseAddress(`${origin}/nothing.gguf`), join(folder, 'nothing'), access),
  ).rejects.toThrow(/nothing\.gguf: its header cannot be read/);
});
