import { expect, test } from 'vitest';
import { checkAccess } from '../../src/engine-server/access.ts';

test('with a token, only its own bearer gets in', () => {
  const status = (authorization: string | undefined): number => {
    try {
      const headers = { host: 'board.lan:8481', ...(authorization !== undefined && { authorization }) };
      checkAccess({ headers, httpVersion: '1.1' }, 'correct horse');
      return 200;
    } catch (error) {
      return (error as { status: number }).status;
    }
  };
  expect(status('Bearer correcthorse')).toBe(401);
  expect(status('Bearer ')).toBe(401);
  expect(status(undefined)).toBe(401);
  expect(status('Basic correct')).toBe(401);
  expect(() =>
    checkAccess({ headers: { authorization: 'bearer  secret' }, httpVersion: '1.0' }, 'secret'),
  ).not.toThrow();
});

test.each([
  [{ host: '127.0.0.1:8481' }, true],
  [{ host: 'localhost:8481' }, true],
  [{ host: 'LOCALHOST' }, true],
  [{ host: '[::1]:8481' }, true],
  [{ host: '127.8.9.1' }, true],
  [{ host: 'evil.example:8481' }, false],
  [{ host: '127.0.0.1.evil.example' }, false],
  [{ host: 'localhost.evil.example' }, false],
  [{ host: '192.168.1.5:8481' }, false],
  [{}, false],
  [{ host: '127.0.0.1', 'x-forwarded-for': '192.168.1.9' }, false],
  [{ host: '127.0.0.1', forwarded: 'for=192.168.1.9' }, false],
])('without a token, a request with the headers %o is served: %s', (headers, isServed) => {
  const check = () => checkAccess({ headers, httpVersion: '1.1' }, null);
  if (isServed) expect(check).not.toThrow();
  else expect(check).toThrow('without a token');
});

test('without a token, HTTP/1.0 is not served: nginx speaks it for others, and adds no header', () => {
  const headers = { host: '127.0.0.1:8481' };
  expect(() => checkAccess({ headers, httpVersion: '1.0' }, null)).toThrow('without a token');
});
