import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { HttpServer } from '../../src/system/http-server.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { observation } from '../../tools/test/observation.ts';
import { ownerPassword, startWindow } from '../../tools/test/running-window.ts';
import { until } from '../../tools/test/until.ts';

interface Served extends ReturnType<typeof startWindow> {
  readonly port: number;
  /** Sends bytes as they are; resolves with the status and everything that came back. */
  send(bytes: string): Promise<{ status: number; text: string }>;
}

/** A window with a password on the daemon's own server, which has its limits. */
async function serve(): Promise<Served> {
  const running = startWindow({ hasPassword: true });
  const port = await freePort();
  const log = new LogLines();
  const server = new HttpServer({ listen: { host: '127.0.0.1', port }, log, requestTimeoutMs: 1000 });
  onTestFinished(() => server.close());
  server.use(running.window.routes);
  await server.start();
  await until(() => log.of('HTTP server listening').length === 1);
  const send: Served['send'] = async (bytes) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece;
    });
    socket.on('error', () => {}); // it may be closed before everything was sent
    socket.write(bytes, 'latin1');
    await once(socket, 'close');
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text };
  };
  return { ...running, port, send };
}

const get = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...headers, '', ''].join('\r\n');
const post = (target: string, body: string, ...headers: string[]): string =>
  [
    `POST ${target} HTTP/1.1`,
    ...['Host: 127.0.0.1', 'Connection: close', 'Content-Type: application/json'],
    ...[`Content-Length: ${body.length}`, ...headers, '', body],
  ].join('\r\n');

test('no way of writing an address or a method leads past the login', async () => {
  const { send, window } = await serve();
  const secret = 'A parcel at the open gate.';
  window.publisher.observation(observation({ text: secret }));
  const targets = [
    ...['/window/events', '/%77indow/events', '/window/%65vents', '/window%2fevents', '//window/events'],
    ...['/./window/events', '/window/../window/events', '/assets/../window/events', '/window/events/'],
    ...['/window/events?x=/assets/main-1.js', '/window/events;/assets/main-1.js', '/window/events%00'],
    ...['/WINDOW/events', '\\window\\events', 'http://127.0.0.1/window/events', '/window/events%20'],
    ...['/window/board', '/window/cameras/porch/live', '/window/cameras/porch/gate', '/window/history'],
  ];
  for (const target of targets) {
    const { status, text } = await send(get(target));
    expect([target, status >= 400 && status < 500]).toEqual([target, true]);
    expect(text).not.toContain(secret);
  }
  for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'PATCH'])
    expect((await send(get('/window/board').replace('GET', method))).status, method).toBeGreaterThanOrEqual(
      400,
    );
  const overrides = ['X-HTTP-Method-Override: POST', 'X-Original-URL: /window/session', 'X-Rewrite-URL: /'];
  for (const header of overrides) expect((await send(get('/window/board', header))).status, header).toBe(401);
  const credentials = [
    ...['Authorization: Basic b3duZXI6', 'Cookie: scenecast_session=', 'Cookie: role=owner'],
    `Cookie: scenecast_session=${'A'.repeat(43)}`,
    'X-Forwarded-For: 127.0.0.1',
  ];
  for (const header of credentials)
    expect((await send(get('/window/board', header))).status, header).toBe(401);
});

test('no path leads to a file that is not of the page', async () => {
  const { send } = await serve();
  const targets = [
    ...[
      '/../package.json',
      '/../../etc/passwd',
      '/assets/../../etc/passwd',
      '/assets/..%2f..%2fetc%2fpasswd',
    ],
    ...[
      '/assets/%2e%2e/%2e%2e/etc/passwd',
      '/assets/..%5c..%5cetc%5cpasswd',
      '/assets/%252e%252e%252fetc/passwd',
    ],
    ...[
      '/assets/main-1.js%00.css',
      '/assets/',
      '/assets',
      '//etc/passwd',
      'file:///etc/passwd',
      '/.git/config',
    ],
  ];
  for (const target of targets) {
    const { status, text } = await send(get(target));
    expect([target, status === 404 || status === 400]).toEqual([target, true]);
    expect(text).not.toMatch(/root:|scenecast"/);
  }
});

test('nothing of a request gets into the headers of its answer, nor into the log', async () => {
  const { send, log } = await serve();
  const injected = '%0d%0aSet-Cookie:%20scenecast_session=evil%0d%0a%0d%0a<script>';
  for (const target of [`/${injected}`, `/window/cameras/${injected}/live`, `/window/pictures/${injected}`]) {
    const { text } = await send(get(target));
    expect(text).not.toMatch(/^set-cookie/im);
  }
  const raw = await send(get('/', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: javascript'));
  expect(raw.text).not.toMatch(/evil|javascript:/);
  const login = JSON.stringify({ password: `wrong\r\nSet-Cookie: scenecast_session=evil` });
  const refused = await send(post('/window/login', login, 'X-Forwarded-Proto: https\r\n folded: x'));
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.text).not.toMatch(/^set-cookie/im);
  expect(JSON.stringify(log.lines)).not.toContain('evil');
});

test('two requests cannot be hidden in one', async () => {
  const { send } = await serve();
  const hidden = get('/window/session');
  const both = [
    ...['POST /window/login HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json'],
    ...[`Content-Length: ${hidden.length + 5}`, 'Transfer-Encoding: chunked', '', `0\r\n\r\n${hidden}`],
  ].join('\r\n');
  const { status, text } = await send(both);
  expect(status).toBe(400);
  expect(text.match(/^HTTP\/1\.1/gm)).toHaveLength(1);
});

test('a body, a header or an address that is too large is refused before it is read', async () => {
  const { send } = await serve();
  const large = JSON.stringify({ password: 'x'.repeat(20_000) });
  expect((await send(post('/window/login', large))).status).toBe(413);
  // Only said to be large: it is not waited for.
  const promised = post('/window/login', '').replace('Content-Length: 0', 'Content-Length: 1000000000');
  expect((await send(promised)).status).toBe(413);
  const chunk = `${(20_000).toString(16)}\r\n${'x'.repeat(20_000)}\r\n`;
  const chunked = post('/window/login', '')
    .replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    .concat(chunk.repeat(4));
  expect((await send(chunked)).status).toBe(413);
  expect((await send(get('/', `X-Large: ${'x'.repeat(20_000)}`))).status).toBe(431);
  expect((await send(get(`/${'x'.repeat(20_000)}`))).status).toBe(431);
  const deep = `${'['.repeat(8000)}${']'.repeat(8000)}`;
  expect((await send(post('/window/login', deep))).status).toBe(400);
  const polluted =
    '{"password":"x","__proto__":{"role":"owner"},"constructor":{"prototype":{"role":"owner"}}}';
  expect((await send(post('/window/login', polluted))).status).toBe(400);
});

test('headers and bodies that come too slowly are given up, and others are served meanwhile', async () => {
  const { send } = await serve();
  const slow = [
    send('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n'),
    send(post('/window/login', '{"password"').replace('Content-Length: 11', 'Content-Length: 1000')),
  ];
  expect((await Promise.race([...slow, send(get('/window/session'))])).status).toBe(200);
  for (const { status } of await Promise.all(slow)) expect(status).toBe(408);
});

test('a session that someone else began, or guessed, is worth nothing', async () => {
  const { send } = await serve();
  const fixed = `scenecast_session=${'f'.repeat(43)}`;
  const body = JSON.stringify({ password: ownerPassword });
  const { text } = await send(post('/window/login', body, `Cookie: ${fixed}`));
  const cookie = /^set-cookie: (scenecast_session=[\w-]{43});/im.exec(text)?.[1];
  expect(cookie).toBeDefined();
  expect(cookie).not.toBe(fixed);
  expect((await send(get('/window/board', `Cookie: ${fixed}`))).status).toBe(401);
  expect((await send(get('/window/board', `Cookie: ${cookie}`))).status).toBe(200);
  // A cookie of another site on this host, set for a longer path, comes first: it must not end the session.
  const other = await send(get('/window/board', `Cookie: x_scenecast_session=1; ${cookie}`));
  expect(other.status).toBe(200);
  expect((await send(get('/window/board', `Cookie: ${cookie}x`))).status).toBe(401);
});

test('logins are limited by address, whatever a client says of its own', async () => {
  const { send } = await serve();
  const statuses: number[] = [];
  // At least five, more if they take long.
  for (let attempt = 0; attempt < 12 && !statuses.includes(429); attempt++) {
    const body = JSON.stringify({ password: `guess number ${attempt}` });
    const headers = [`X-Forwarded-For: 192.0.2.${attempt}`, `X-Real-IP: 192.0.2.${attempt}`];
    statuses.push((await send(post('/window/login', body, ...headers))).status);
  }
  expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
  expect(statuses.at(-1)).toBe(429);
});
