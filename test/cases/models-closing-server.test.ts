import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { describeRemoteFile } from '../../src/models/download/hub-file.ts';
import { defaultHubAccess, type HubAccess, requestHub } from '../../src/models/download/hub-request.ts';
import { readAhead } from '../../src/models/download/read-ahead.ts';
import { fetchHeader } from '../../src/models/download/remote-header.ts';
import { parseAddress } from '../../src/models/hub-address.ts';
import { ClosingFront } from '../../tools/test/closing-front.ts';
import { ggufBytes, sha256 } from '../../tools/test/loopback-hub.ts';
import { PullBench, source, textFile } from '../models/download/pull-bench.ts';

// Servers that close the connection after the answer, while the reader is slower than the network: fetch fails with an
// assertion (https://github.com/nodejs/undici/issues/5360).

const big = ggufBytes(8 << 20, 5);
let bench: PullBench;
let front: ClosingFront;
beforeEach(async () => {
  bench = await PullBench.open();
  bench.hub.redirects = false;
  bench.hub.files.set(textFile, big);
  front = await new ClosingFront(bench.hub.endpoint).start();
  bench.hub.endpoint = front.origin;
  return async () => {
    front.close();
    await bench.close();
  };
});

const signal = new AbortController().signal;
const access = (): HubAccess => ({
  ...defaultHubAccess,
  endpoints: { hf: front.origin, modelscope: front.origin },
  signal,
  attempts: 1,
});

async function slowly(url: string, headers: Record<string, string> = {}): Promise<Buffer> {
  const answer = await requestHub(url, { headers, follow: 'anywhere', signal }, access());
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) {
    chunks.push(chunk);
    await delay(1);
  }
  return Buffer.concat(chunks);
}

test.each([
  ['a file', {}, big],
  ['a range', { Range: 'bytes=1000000-' }, big.subarray(1_000_000)],
])('%s is read to its end by a slow reader', async (_what, headers, expected) => {
  const bytes = await slowly(`${front.origin}/cdn/${textFile}`, headers);
  expect(bytes.equals(expected)).toBe(true);
});

test('the same through a redirect, and ahead of its consumer', async () => {
  const url = `${front.origin}/o/r/resolve/main/text.gguf`;
  const answer = await requestHub(url, { follow: 'anywhere', signal }, access());
  let read = 0;
  for await (const chunk of readAhead(answer.body)) {
    read += chunk.length;
    await delay(1);
  }
  expect(read).toBe(big.length);
});

test.each(['hf:o/r/text.gguf', 'modelscope:o/r/text.gguf'])('%s is described', async (address) => {
  const { sizeBytes, digest } = await describeRemoteFile(parseAddress(address), access());
  expect([sizeBytes, digest?.hex]).toEqual([big.length, sha256(big)]);
});

test.each(['hf:o/r/text.gguf', 'modelscope:o/r/text.gguf', 'the URL'])('%s is pulled', async (address) => {
  const url = `${front.origin}/cdn/${textFile}`;
  await bench.pull({
    endpoints: access().endpoints,
    sources: [source(address === 'the URL' ? url : address)],
  });
  bench.expectWhole(big);
  expect(bench.said('retry')).toEqual([]);
});

test('a body that is cut is resumed where it ended', async () => {
  front.cutNextAfterBytes = 3 << 20;
  await bench.pull({ sources: [source(`${front.origin}/cdn/${textFile}`)] });
  bench.expectWhole(big);
  expect(bench.said('retry')).toEqual([expect.stringMatching(/connection lost \(.*\) at 3\.15 MB/)]);
  expect(bench.hub.downloads[1]?.headers.range).toBe(`bytes=${3 << 20}-`);
});

test('the header of a remote file is fetched', async () => {
  const path = bench.path('..', 'header.gguf');
  bench.hub.files.set(
    textFile,
    readFileSync(new URL('../../models/demo/demo-text-f16.gguf', import.meta.url)),
  );
  await fetchHeader(parseAddress('hf:o/r/text.gguf'), path, access());
  expect(readFileSync(path).subarray(0, 4).toString()).toBe('GGUF');
});
