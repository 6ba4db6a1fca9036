import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ownerPassword, startWindow } from '../../tools/test/running-window.ts';

/*
 * A reverse proxy in front of the window, as docs/window.md sets it up: it strips its path, adds what proxies add, and passes
 * on the rest, the Host of the browser included, as Caddy and Home Assistant's ingress do.
 */

const path = '/board/';

/** Returns the address of a proxy to a server. */
async function startProxy(target: string, added: Record<string, string>): Promise<string> {
  const proxy = createServer((asked, answer) => {
    const inner = new URL(asked.url!.replace(path, '/'), target);
    const headers: IncomingHttpHeaders = { ...asked.headers, ...added };
    const forwarded = request(inner, { method: asked.method!, headers }, (answered) => {
      answer.writeHead(answered.statusCode!, answered.headers);
      answered.pipe(answer);
      answer.on('close', () => answered.destroy());
    });
    asked.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${path}`;
}

const forwarded = {
  'X-Forwarded-For': '192.0.2.7',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'board.example',
};

const proxies: [name: string, added: Record<string, string>][] = [
  ['Caddy', { ...forwarded, Host: 'board.example', Via: '1.1 Caddy' }],
  // https://github.com/home-assistant/supervisor/blob/main/supervisor/api/ingress.py and core's hassio/ingress.py
  [
    "Home Assistant's ingress",
    {
      ...forwarded,
      'X-Forwarded-For': '192.0.2.7, 172.30.32.2',
      'X-Ingress-Path': '/api/hassio_ingress/TOKEN',
      'X-Hass-Source': 'core.ingress',
      'X-Remote-User-Name': 'owner',
    },
  ],
  [
    'one that says nothing but the protocol',
    { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https, http' },
  ],
];

test.each(proxies)('without a password, nobody gets in through %s', async (_, added) => {
  const window = startWindow();
  const url = await startProxy(await window.listen(), added);
  for (const route of ['', 'window/session', 'window/board', 'window/events'])
    expect((await fetch(new URL(route, url))).status, route).toBe(403);
});

test.each(proxies)('with a password, %s leads to the login, and a login to everything', async (_, added) => {
  const window = startWindow({ hasPassword: true });
  const url = await startProxy(await window.listen(), added);
  const ask = (route: string, init: RequestInit = {}) => fetch(new URL(route, url), init);
  expect((await ask('')).status).toBe(200);
  expect(await (await ask('window/session')).json()).toEqual({ role: null, login: true });
  expect((await ask('window/board')).status).toBe(401);

  const { host } = new URL(url);
  const origin = 'Host' in added ? 'https://board.example' : `http://${host}`;
  const headers = { 'Content-Type': 'application/json', Origin: origin };
  const body = JSON.stringify({ password: ownerPassword });
  const login = await ask('window/login', { method: 'POST', headers, body });
  expect(login.status).toBe(200);
  const cookie = login.headers.get('set-cookie')!;
  expect(cookie).toMatch(/; SameSite=Strict; .*; Secure$/);
  const session = { headers: { cookie: cookie.split(';')[0]! } };
  expect((await ask('window/board', session)).status).toBe(200);

  const events = await ask('window/events', session);
  expect(events.headers.get('x-accel-buffering')).toBe('no');
  const reader = events.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^event: state\n/);
  await reader.cancel();
});

test('a proxy does not let another site log in', async () => {
  const window = startWindow({ hasPassword: true });
  const url = await startProxy(await window.listen(), proxies[0]![1]);
  const headers = { 'Content-Type': 'application/json', Origin: 'https://evil.example' };
  const body = JSON.stringify({ password: ownerPassword });
  const login = await fetch(new URL('window/login', url), { method: 'POST', headers, body });
  expect([login.status, login.headers.get('set-cookie')]).toEqual([403, null]);
});
