import { buffer } from 'node:stream/consumers';
import { beforeEach, expect, test } from 'vitest';
import { HubError } from '../../../src/models/download/hub-error.ts';
import { describeRemoteFile } from '../../../src/models/download/hub-file.ts';
import {
  defaultHubAccess,
  type HubAccess,
  requestHub,
  retryAfterOf,
} from '../../../src/models/download/hub-request.ts';
import { parseAddress } from '../../../src/models/hub-address.ts';
import { discardBody } from '../../../src/system/http-client.ts';
import { ggufBytes, gitSha1, LoopbackHub, sha256 } from '../../../tools/test/loopback-hub.ts';

const bytes = ggufBytes(1000, 1);
let hub: LoopbackHub;

beforeEach(async () => {
  hub = await new LoopbackHub().start();
  hub.files.set('o/r/x.gguf', bytes);
  return () => hub.close();
});

const signal = new AbortController().signal;
const access = (over: Partial<HubAccess> = {}): HubAccess => ({
  ...defaultHubAccess,
  endpoints: { hf: hub.endpoint, modelscope: hub.endpoint },
  signal,
  backoffMs: 1,
  attempts: 3,
  ...over,
});

test('the token is sent to the hub, and not after a redirect to another port', async () => {
  const remote = await describeRemoteFile(parseAddress('hf:o/r/x.gguf'), access({ hfToken: 'hf_secret' }));
  const { body } = await requestHub(
    remote.url,
    { token: remote.token, follow: 'anywhere', signal },
    access(),
  );
  expect((await buffer(body)).equals(bytes)).toBe(true);
  const authorizations = new Map(
    hub.seen.map(({ server, path, headers }) => [`${server} ${path.split('?')[0]}`, headers.authorization]),
  );
  expect(authorizations.get(`hub /o/r/resolve/${hub.commit}/x.gguf`)).toBe('Bearer hf_secret');
  expect(authorizations.get(`hub /api/models/o/r/tree/${hub.commit}`)).toBe('Bearer hf_secret');
  expect(authorizations.get('cdn /cdn/o/r/x.gguf')).toBeUndefined();
  expect(hub.downloads).toHaveLength(1);
});

test('within one origin it stays with the request', async () => {
  hub.redirects = false;
  const url = `${hub.endpoint}/o/r/resolve/main/x.gguf`;
  const { body } = await requestHub(url, { token: 'hf_secret', follow: 'anywhere', signal }, access());
  discardBody({ body });
  expect(hub.seen.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer hf_secret',
    'Bearer hf_secret',
  ]);
});

test('ModelScope and plain servers never get it', async () => {
  await describeRemoteFile(parseAddress('modelscope:o/r/x.gguf'), access({ hfToken: 'hf_secret' }));
  const { token } = await describeRemoteFile(
    parseAddress(hub.plainUrl('o/r/x.gguf')),
    access({ hfToken: 'hf_secret' }),
  );
  expect(token).toBeNull();
  expect(hub.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test('Hugging Face: size, digest and commit of a file, at any revision', async () => {
  const remote = await describeRemoteFile(parseAddress('hf:o/r/x.gguf@refs/pr/1'), access());
  expect(remote).toMatchObject({
    address: 'hf:o/r/x.gguf@refs/pr/1',
    url: `${hub.endpoint}/o/r/resolve/${hub.commit}/x.gguf`,
    sizeBytes: 1000,
    digest: { algorithm: 'sha256', hex: sha256(bytes) },
    revision: hub.commit,
  });
  expect(hub.seen[0]).toMatchObject({ method: 'HEAD', path: '/o/r/resolve/refs/pr/1/x.gguf' });
});

test('the listing is read page by page, in the folder of the file', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) hub.files.set(`o/r/sub/${name}.gguf`, bytes);
  const { digest } = await describeRemoteFile(parseAddress('hf:o/r/sub/e.gguf'), access());
  expect(digest?.hex).toBe(sha256(bytes));
  const pages = hub.seen.filter(({ path }) => path.includes('/tree/'));
  expect(pages.map(({ path }) => path.split('?')[1])).toEqual([undefined, 'cursor=2', 'cursor=4']);
});

test('the digest of a mirror without a listing is that of the download, and never that of the LFS pointer', async () => {
  hub.hasTree = false;
  expect((await describeRemoteFile(parseAddress('hf:o/r/x.gguf'), access())).digest).toEqual({
    algorithm: 'sha256',
    hex: sha256(bytes),
  });
  hub.plainFiles.add('o/r/x.gguf');
  expect((await describeRemoteFile(parseAddress('hf:o/r/x.gguf'), access())).digest).toEqual({
    algorithm: 'git-sha1',
    hex: gitSha1(bytes),
  });
});

test('the digest that a redirect within the hub has is used', async () => {
  hub.hasTree = false;
  hub.redirects = false;
  const { digest, sizeBytes, revision } = await describeRemoteFile(parseAddress('hf:o/r/x.gguf'), access());
  expect([digest?.hex, sizeBytes, revision]).toEqual([sha256(bytes), 1000, hub.commit]);
});

test('ModelScope: size, digest and commit of a file', async () => {
  expect(await describeRemoteFile(parseAddress('modelscope:o/r/x.gguf'), access())).toMatchObject({
    url: `${hub.endpoint}/api/v1/models/o/r/repo?Revision=${hub.commit}&FilePath=x.gguf`,
    sizeBytes: 1000,
    digest: { algorithm: 'sha256', hex: sha256(bytes) },
  });
});

test.each([
  ['hf:o/r/y.gguf', 200, /\/o\/r\/resolve\/main\/y\.gguf answered 404: no such file/],
  ['modelscope:o/r/y.gguf', 200, /modelscope:o\/r: y\.gguf is not in the repository at master/],
  ['modelscope:o/s/y.gguf', 200, /not in the repository at master \(no such repo\)/],
  [
    'hf:o/r/x.gguf',
    401,
    /answered 401: the repository is private, gated or missing; if you have a token, give it/,
  ],
  ['hf:o/r/x.gguf', 500, /answered 500/],
])('%s with status %i', async (address, status, message) => {
  hub.apiFault = () => (status === 200 ? null : { status });
  await expect(describeRemoteFile(parseAddress(address), access())).rejects.toThrow(message);
  expect(hub.seen).toHaveLength(status === 500 ? 3 : 1);
});

test('a redirect to another protocol is not followed', async () => {
  hub.apiFault = () => ({ status: 302, headers: { location: 'ftp://example.invalid/x.gguf' } });
  await expect(requestHub(`${hub.endpoint}/x`, { follow: 'anywhere', signal }, access())).rejects.toThrow(
    /redirects to ftp:\/\/example\.invalid, which is not safe to follow/,
  );
});

test('an endless redirect is given up', async () => {
  hub.apiFault = (request) => ({ status: 302, headers: { location: `${request.url}x` } });
  await expect(requestHub(`${hub.endpoint}/x`, { follow: 'anywhere', signal }, access())).rejects.toThrow(
    /more than 10 times/,
  );
});

test('an unreachable server is a temporary error', async () => {
  const { endpoint } = hub;
  await hub.close();
  const error = await requestHub(`${endpoint}/x`, { follow: 'anywhere', signal }, access()).catch(
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(HubError);
  expect(error.message).toMatch(/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
  expect(error.isTemporary).toBe(true);
  hub = await new LoopbackHub().start();
});

test('a response of another shape is an error', async () => {
  hub.apiFault = (request) => (request.url!.includes('/tree/') ? { status: 200 } : null);
  await expect(describeRemoteFile(parseAddress('hf:o/r/x.gguf'), access())).rejects.toThrow(
    /its response cannot be read/,
  );
});

test.each([
  [null, null],
  ['7', 7000],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 5000],
  ['Wed, 21 Oct 2015 07:27:00 GMT', 0],
  ['soon', null],
])('Retry-After %j is %j ms', (value, expected) => {
  expect(retryAfterOf(value, Date.parse('Wed, 21 Oct 2015 07:27:55 GMT'))).toBe(expected);
});
