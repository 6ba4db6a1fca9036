import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readOnvifStreams } from '../../src/camera/onvif-streams.ts';

/** What a device that wants this login for everything is sent. */
async function askedBy(challenge: string): Promise<{ authorizations: string[]; reason: string }> {
  const authorizations: string[] = [];
  const server = createServer(({ headers }, response) => {
    authorizations.push(headers.authorization ?? '-');
    response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const login = { username: 'viewer', password: 'geheim' };
  const url = new URL(`http://127.0.0.1:${port}/onvif/device_service`);
  const read = readOnvifStreams(url, login, new AbortController().signal);
  const reason = await read.then(
    () => 'none',
    (error: Error) => error.message,
  );
  return { authorizations, reason };
}

test('a device that wants the password readably does not get it', async () => {
  const { authorizations, reason } = await askedBy('Basic realm="camera"');
  expect(new Set(authorizations)).toEqual(new Set(['-']));
  expect(reason).toBe('unauthorised; the camera refuses the login');
});

test('one that wants a digest gets it once', async () => {
  const { authorizations, reason } = await askedBy('Digest realm="camera", nonce="n", qop="auth"');
  expect(authorizations.filter((each) => each.startsWith('Digest username="viewer"'))).toHaveLength(1);
  expect(reason).toBe('unauthorised; the camera refuses the login');
});
