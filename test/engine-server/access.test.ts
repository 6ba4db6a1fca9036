import { expect, test } from 'vitest';
import { checkAccess } from '../../src/engine-server/access.ts';

test('with a token, only its own bearer gets in', () => {
  const status = (authorization: string | undefined): number => {
    try {
      checkAccess(
        { host: 'board.lan:8481', ...(authorization !== undefined && { authorization }) },
        'correct horse',
      );
      return 200;
    } catch (error) {
      return (error as { status: number }).status;
    }
  };
  expect(status('Bearer correcthorse')).toBe(401);
  expect(status('Bearer ')).toBe(401);
  expect(status(undefined)).toBe(401);
  expect(status('Basic correct')).toBe(401);
  expect(() => checkAccess({ authorization: 'bearer  secret' }, 'secret')).not.toThrow();
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
  const check = () => checkAccess(headers, null);
  if (isServed) expect(check).not.toThrow();
  else expect(check).toThrow('without a token');
});
