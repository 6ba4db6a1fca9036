import { expect, test } from 'vitest';
import { hostOf, isLoopback, listenAddressOf } from '../../src/system/listen-address.ts';

test.each([
  ['127.0.0.1:8481', { host: '127.0.0.1', port: 8481 }],
  ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
  ['[::1]:8481', { host: '::1', port: 8481 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
  ['127.0.0.1', null],
  [':8481', null],
  ['::1:8481', null],
  ['[127.0.0.1]:8481', null],
  ['board.lan:8481', null],
  ['127.0.0.1:0', null],
  ['127.0.0.1:65536', null],
  ['http://127.0.0.1:8481', null],
])('%s is the address %o', (text, address) => {
  expect(listenAddressOf(text)).toEqual(address);
});

test.each([
  ['127.0.0.1', true],
  ['127.255.1.2', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['board.lan', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test.each([
  ['127.0.0.1:8481', '127.0.0.1'],
  ['[::1]:8481', '::1'],
  ['[::1]', '::1'],
  ['LocalHost:1', 'localhost'],
  ['', ''],
])('the host of %s is %s', (header, host) => {
  expect(hostOf(header)).toBe(host);
});
