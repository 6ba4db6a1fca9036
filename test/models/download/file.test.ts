import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { pinsOf } from '../../../src/models/installed/lock-file.ts';
import { ggufBytes, sha256 } from '../../../tools/test/loopback-hub.ts';
import { PullBench, source, textFile } from './pull-bench.ts';

let bench: PullBench;
beforeEach(async () => {
  bench = await PullBench.open();
  return () => bench.close();
});

test('after a lost connection it resumes the same file', async () => {
  bench.breakFirst({ cutAfterBytes: 120_000 });
  await bench.pull();
  bench.expectWhole();
  const [, second] = bench.hub.downloads;
  expect(second?.headers.range).toBe('bytes=120000-');
  expect(second?.headers['if-range']).toMatch(/^"[0-9a-f]{32}"$/);
  expect(bench.said('retry')[0]).toMatch(/hf:o\/r\/text\.gguf: connection lost \(.+\) at 120 kB/);
});

test('100 lost connections end in a verified file', async () => {
  const big = ggufBytes(2_000_000, 3);
  bench.hub.files.set(textFile, big);
  let cuts = 0;
  bench.hub.fault = () => (cuts++ < 100 ? { cutAfterBytes: 1 + Math.floor(Math.random() * 30_000) } : null);
  const finals: boolean[] = [];
  const { files } = await bench.pull({ onEvent: () => finals.push(existsSync(bench.path('text.gguf'))) });
  expect(cuts).toBeGreaterThan(100);
  expect(finals.slice(0, -1)).not.toContain(true);
  expect(files[0]?.pin.sha256).toBe(sha256(big));
  bench.expectWhole(big);
}, 60_000);

test('a server without ranges restarts the file, and is given up without progress', async () => {
  bench.breakFirst({ cutAfterBytes: 100_000 });
  const once = bench.hub.fault;
  bench.hub.fault = (...args) => once(...args) ?? { ignoreRange: true };
  await bench.pull();
  bench.expectWhole();
  expect(bench.said('restart')).toEqual(['the server cannot resume']);
  rmSync(bench.path(), { recursive: true });
  bench.hub.fault = () => ({ cutAfterBytes: 100_000, ignoreRange: true });
  await expect(bench.pull()).rejects.toThrow(/given up after 4 attempts without progress/);
  expect(existsSync(bench.path('text.gguf'))).toBe(false);
});

test.each([
  [
    'announces too much',
    { headers: { 'content-length': '300001' } },
    /has 300000 bytes, but the server announces 300001/,
  ],
  ['announces too little', { headers: { 'content-length': '299999' } }, /announces 299999/],
  [
    'ends too early, without a length',
    { chunked: true, cutAfterBytes: 299_999 },
    /lost|stopped at 299999 of 300000/,
  ],
  ['sends too much, without a length', { chunked: true, extraBytes: 5 }, /sends more than the 300000 bytes/],
  ['encodes', { headers: { 'content-encoding': 'br' } }, /br encoding|lost/],
])('a server that %s is not believed', async (_what, fault, message) => {
  bench.breakFirst(fault);
  await bench.pull();
  expect(bench.said('retry')[0]).toMatch(message);
  bench.expectWhole();
});

test.each([
  ['another start', 'bytes 5-299999/300000', /requested the bytes from 100000, the server sent "bytes 5-/],
  ['another size', 'bytes 100000-299999/300001', /has 300000 bytes, but the server says/],
  ['an end beyond the end', 'bytes 100000-300000/*', /requested|has 300000 bytes, but the server says/],
  ['another length', 'bytes 100000-200000/300000', /requested the bytes from 100000/],
  ['nonsense', 'lots', /the server sent "lots"/],
])('a range with %s is not believed', async (_what, contentRange, message) => {
  let request = 0;
  bench.hub.fault = () =>
    [
      { cutAfterBytes: 100_000 },
      {
        headers: { 'content-range': contentRange },
        chunked: !contentRange.startsWith('bytes 100000-200000'),
      },
      null,
    ][request++] ?? null;
  await bench.pull();
  expect(bench.said('retry')[1]).toMatch(message);
  bench.expectWhole();
});

test('a server that is always wrong leaves no file', async () => {
  bench.hub.fault = () => ({ headers: { 'content-length': '300001' } });
  await expect(bench.pull()).rejects.toThrow(/announces 300001; given up after 4 attempts/);
  expect(existsSync(bench.path('text.gguf'))).toBe(false);
});

test('a corrupt byte is detected, and the file downloaded again', async () => {
  bench.breakFirst({ corruptAt: 200_000 });
  await bench.pull();
  bench.expectWhole();
  expect(bench.said('restart')[0]).toMatch(/the download does not have the hub's sha256/);
});

test('a hub whose data never matches its digest is refused, and no file is left', async () => {
  bench.hub.fault = () => ({ corruptAt: 200_000 });
  await expect(bench.pull()).rejects.toThrow(
    /hf:o\/r\/text\.gguf: the download does not have the hub's sha256 .*, 2 times in a row/,
  );
  expect(existsSync(bench.path())).toBe(false);
  expect(await pinsOf(bench.models, 'm')).toEqual({});
});

test('a hub that contradicts itself about the digest is refused', async () => {
  bench.hub.apiFault = (request) => {
    bench.hub.claimedSha256 = request.url!.includes('/tree/') ? 'a'.repeat(64) : null;
    return null;
  };
  await expect(bench.pull()).rejects.toThrow(/contradicts itself: a{64} in the repository/);
  expect(bench.hub.downloads).toEqual([]);
});

test('a page instead of a GGUF is refused', async () => {
  bench.hub.files.set(textFile, Buffer.from('<!doctype html>'));
  await expect(bench.pull({ sources: [source(bench.hub.plainUrl(textFile))] })).rejects.toThrow(
    /not a GGUF file: it begins with "<!do"/,
  );
  expect(existsSync(bench.path())).toBe(false);
});

test('a file that changes between two requests is downloaded again', async () => {
  const changed = ggufBytes(300_000, 8);
  bench.hub.fault = () => {
    bench.hub.fault = () => null;
    queueMicrotask(() => bench.hub.files.set(textFile, changed));
    return { cutAfterBytes: 100_000 };
  };
  await bench.pull({ sources: [source(bench.hub.plainUrl(textFile))] });
  bench.expectWhole(changed);
  expect(bench.said('restart')).toEqual(['the file on the hub has changed']);
});

test('the same with a server that ignores If-Range', async () => {
  const changed = ggufBytes(310_000, 8);
  bench.hub.fault = () => {
    bench.hub.fault = () => ({ ignoreIfRange: true });
    queueMicrotask(() => bench.hub.files.set(textFile, changed));
    return { cutAfterBytes: 100_000 };
  };
  await bench.pull({ sources: [source(bench.hub.plainUrl(textFile))] });
  bench.expectWhole(changed);
});

test('without a digest and without an ETag nothing is resumed', async () => {
  bench.hub.hasEtag = false;
  bench.breakFirst({ cutAfterBytes: 100_000 });
  await bench.pull({ sources: [source(bench.hub.plainUrl(textFile))] });
  bench.expectWhole();
  expect(bench.hub.downloads.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
});

test('Retry-After is obeyed', async () => {
  bench.breakFirst({ status: 429, headers: { 'retry-after': '1' } });
  const startedAt = performance.now();
  await bench.pull();
  expect(performance.now() - startedAt).toBeGreaterThan(950);
  bench.expectWhole();
});

test('a Retry-After of an hour is an error', async () => {
  bench.hub.apiFault = () => ({ status: 503, headers: { 'retry-after': '3600' } });
  await expect(bench.pull()).rejects.toThrow(/answered 503; the server asks to retry after 60 minutes/);
});

test('a request to an overloaded API is retried', async () => {
  let failures = 2;
  bench.hub.apiFault = () => (failures-- > 0 ? { status: 503 } : null);
  await bench.pull();
  bench.expectWhole();
});

test('a request without data is retried', async () => {
  bench.breakFirst({ silent: true });
  await bench.pull({ idleTimeoutMs: 150 });
  expect(bench.said('retry')[0]).toMatch(/no data for 150 ms/);
  bench.expectWhole();
});

test('an abort keeps the data, and the next pull resumes', async () => {
  const stop = new AbortController();
  bench.breakFirst({ slow: { pieceBytes: 20_000, pauseMs: 5 } });
  const pulling = bench.pull({
    signal: stop.signal,
    onEvent: (event) => event.type === 'progress' && event.doneBytes >= 100_000 && stop.abort(),
  });
  await expect(pulling).rejects.toThrow(/m: stopped; the downloaded data is kept/);
  expect(readdirSync(bench.path()).sort()).toEqual(['text.gguf.part', 'text.gguf.part.json']);
  const { size } = statSync(bench.path('text.gguf.part'));
  expect(size).toBeGreaterThanOrEqual(100_000);
  await bench.pull();
  expect(bench.hub.downloads[1]?.headers.range).toBe(`bytes=${size}-`);
  bench.expectWhole();
});

test('a wrong part is detected at the end', async () => {
  bench.breakFirst({ cutAfterBytes: 100_000 });
  bench.hub.apiFault = (request) =>
    bench.hub.downloads.length > 0 && !request.url!.includes('/cdn/') ? { status: 404 } : null;
  await expect(bench.pull({ attempts: 1 })).rejects.toThrow();
  bench.hub.apiFault = () => null;
  const part = readFileSync(bench.path('text.gguf.part'));
  part[50_000]! ^= 1;
  writeFileSync(bench.path('text.gguf.part'), part);
  await bench.pull();
  expect(bench.said('restart')[0]).toMatch(/does not have the hub's sha256/);
  bench.expectWhole();
});
