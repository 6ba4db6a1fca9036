import { expect, test } from 'vitest';
import { proxyOf } from '../../src/system/http-proxy.ts';

const shown = (url: string, env: NodeJS.ProcessEnv): string | null => {
  const proxy = proxyOf(new URL(url), env);
  return proxy && `${proxy.isSecure ? 'https' : 'http'}://${proxy.host}:${proxy.port}`;
};

test.each([
  ['http://h/x', { http_proxy: 'http://p:3128' }, 'http://p:3128'],
  ['http://h/x', { HTTP_PROXY: 'http://p:3128' }, 'http://p:3128'],
  ['http://h/x', { http_proxy: 'http://lower:1', HTTP_PROXY: 'http://upper:1' }, 'http://lower:1'],
  ['http://h/x', { HTTPS_PROXY: 'http://p:3128' }, null],
  ['https://h/x', { HTTPS_PROXY: 'http://p:3128' }, 'http://p:3128'],
  ['https://h/x', { https_proxy: 'https://p' }, 'https://p:443'],
  ['https://h/x', { HTTP_PROXY: 'http://p:3128' }, null],
  ['https://h/x', { ALL_PROXY: 'http://p:3128' }, 'http://p:3128'],
  ['https://h/x', { all_proxy: 'http://p:1', https_proxy: 'http://q:2' }, 'http://q:2'],
  ['https://h/x', { https_proxy: 'p:3128' }, 'http://p:3128'],
  ['https://h/x', { https_proxy: ' http://p:3128/ ' }, 'http://p:3128'],
  ['https://h/x', { https_proxy: '' }, null],
  ['https://h/x', { https_proxy: 'http://[::1]:3128' }, 'http://::1:3128'],
  ['https://h/x', {}, null],
])('%s with %j goes through %s', (url, env, expected) => {
  expect(shown(url, env)).toBe(expected);
});

test.each([
  ['https://example.org/x', '*', true],
  ['https://example.org/x', 'example.org', true],
  ['https://example.org/x', 'localhost, Example.ORG', true],
  ['https://example.org/x', 'localhost example.org', true],
  ['https://cdn.example.org/x', 'example.org', true],
  ['https://cdn.example.org/x', '.example.org', true],
  ['https://cdn.example.org/x', '*.example.org', true],
  ['https://example.org/x', '.example.org', true],
  ['https://example.org./x', 'example.org', true],
  ['https://badexample.org/x', 'example.org', false],
  ['https://example.org.evil/x', 'example.org', false],
  ['https://example.org/x', 'example.org:443', true],
  ['https://example.org/x', 'example.org:8443', false],
  ['http://192.168.1.7/x', '192.168.1.7', true],
  ['http://192.168.1.7/x', '192.168.0.0/16', true],
  ['http://192.169.1.7/x', '192.168.0.0/16', false],
  ['http://192.168.1.7/x', '1.7', false],
  ['http://[fd00::7]/x', 'fd00::/8', true],
  ['http://[::1]:9/x', '[::1]', true],
  ['http://[::1]:9/x', '[::1]:9', true],
  ['https://example.org/x', ',, 300.1.1.1/99, ', false],
])('%s with NO_PROXY=%j is direct: %s', (url, list, isDirect) => {
  for (const name of ['no_proxy', 'NO_PROXY'])
    expect(shown(url, { all_proxy: 'http://p:3128', [name]: list }) === null).toBe(isDirect);
});

test('the login of a proxy is decoded', () => {
  const proxy = proxyOf(new URL('https://h/'), { https_proxy: 'http://me:a%40b%3A@p:1' });
  expect(proxy?.authorization).toBe(`Basic ${Buffer.from('me:a@b:').toString('base64')}`);
});

test.each([
  ['socks5://me:secret@p:1080', /^HTTPS_PROXY: must be the address of a proxy.*; socks5 proxies are not/],
  ['http://me:secret@', /^HTTPS_PROXY: must be the address/],
  ['http://me:secret%@p', /^HTTPS_PROXY: a % in user or password must be written as %25/],
])('%s is refused without its password', (value, message) => {
  const thrown = (): unknown => proxyOf(new URL('https://h/'), { HTTPS_PROXY: value });
  expect(thrown).toThrow(message);
  expect(thrown).not.toThrow(/secret/);
});
