import { expect, onTestFinished, test, vi } from 'vitest';
import { ownerPassword, porchFacts, startWindow, viewerPassword } from '../../tools/test/running-window.ts';

const commands = [
  '/window/commands/describe',
  '/window/commands/ask',
  '/window/cameras/porch/set/paused',
  '/window/cameras/porch/aim',
] as const;
const looks = [
  '/window/board',
  '/window/history',
  '/window/pictures/1',
  '/window/cameras/porch/live',
  '/window/cameras/porch/gate',
];

test.each([
  [{}, 200],
  [{ host: 'localhost' }, 200],
  [{ host: '[::1]:8480' }, 200],
  [{ host: 'evil.example:8480' }, 403],
  [{ host: '192.168.1.5:8480' }, 403],
  [{ 'x-forwarded-for': '192.168.1.9' }, 403],
  [{ forwarded: 'for=192.168.1.9' }, 403],
  [{ via: '1.1 proxy' }, 403],
  [{ 'x-forwarded-proto': 'https' }, 403],
])('without a password, a request with the headers %o is answered with %i', async (headers, status) => {
  const { ask } = startWindow();
  expect((await ask('/window/board', { headers })).statusCode).toBe(status);
  expect((await ask('/', { headers })).statusCode).toBe(status);
});

test('without a password, everyone on this machine is the owner, and there is no login', async () => {
  const { ask } = startWindow();
  expect((await ask('/window/session')).json()).toEqual({ role: 'owner', login: false });
});

test('with a password, nothing is shown or done without it, but the page that asks for it', async () => {
  const { ask } = startWindow({ hasPassword: true });
  for (const path of [...looks, '/window/events']) expect((await ask(path)).statusCode, path).toBe(401);
  for (const path of commands) expect((await ask(path, { body: {} })).statusCode, path).toBe(401);
  expect((await ask('/')).statusCode).toBe(200);
  expect((await ask('/window/session')).json()).toEqual({ role: null, login: true });
  // Behind a proxy, too.
  const headers = { host: 'board.example', 'x-forwarded-for': '192.0.2.1' };
  expect((await ask('/window/session', { headers })).statusCode).toBe(200);
});

test('a login gives a cookie that scripts and other sites cannot use, and logout ends it', async () => {
  const { ask } = startWindow({ hasPassword: true });
  const answer = await ask('/window/login', { body: { password: ownerPassword } });
  expect(answer.json()).toEqual({ role: 'owner', login: true });
  expect(answer.headers['set-cookie']).toMatch(
    /^scenecast_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
  );
  const cookie = String(answer.headers['set-cookie']).split(';')[0]!;
  expect((await ask('/window/board', { headers: { cookie } })).statusCode).toBe(200);
  const logout = await ask('/window/logout', { body: {}, headers: { cookie } });
  expect(logout.headers['set-cookie']).toContain('Max-Age=0');
  expect((await ask('/window/board', { headers: { cookie } })).statusCode).toBe(401);
});

test('behind a proxy with TLS, the cookie is never sent without TLS', async () => {
  const { ask } = startWindow({ hasPassword: true });
  const headers = { 'x-forwarded-proto': 'https' };
  const answer = await ask('/window/login', { body: { password: ownerPassword }, headers });
  expect(answer.headers['set-cookie']).toMatch(/; Secure$/);
});

test('a login makes a new token and ends the one that the browser had', async () => {
  const { ask, login } = startWindow({ hasPassword: true });
  const before = await login(ownerPassword);
  const fixed = `scenecast_session=${'a'.repeat(43)}`;
  for (const cookie of [before, fixed]) {
    const answer = await ask('/window/login', { body: { password: ownerPassword }, headers: { cookie } });
    expect(String(answer.headers['set-cookie'])).not.toContain(cookie);
    expect((await ask('/window/board', { headers: { cookie } })).statusCode).toBe(401);
  }
});

test('with the password of a viewer, everything is seen and nothing changed', async () => {
  const { ask, login } = startWindow({ hasPassword: true });
  const headers = { cookie: await login(viewerPassword) };
  expect((await ask('/window/session', { headers })).json()).toEqual({ role: 'viewer', login: true });
  expect((await ask('/window/board', { headers })).statusCode).toBe(200);
  for (const path of commands)
    expect((await ask(path, { body: {}, headers })).json(), path).toMatchObject({ code: 'forbidden' });
});

test('a wrong password is refused, and the sixth attempt in a row too, though it is right', async () => {
  // On a busy machine, the attempts may take longer than it takes until there is another one.
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { ask, log } = startWindow({ hasPassword: true });
  for (let attempt = 0; attempt < 5; attempt++) {
    const answer = await ask('/window/login', { body: { password: `${ownerPassword}!` } });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'wrong_password']);
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
  const sixth = await ask('/window/login', { body: { password: ownerPassword } });
  expect(sixth.statusCode).toBe(429);
  expect(sixth.headers['retry-after']).toBe('10');
  expect(log.of('login to the window refused')).toHaveLength(1);
  expect(JSON.stringify(log.lines)).not.toContain(ownerPassword);
});

test.each(['', '{', '[]', '{"password":""}', '{"password":1}', '{"password":"x","role":"owner"}'])(
  'the login %j is refused',
  async (body) => {
    const { ask } = startWindow({ hasPassword: true });
    expect((await ask('/window/login', { body })).statusCode).toBe(400);
  },
);

test('what another site makes a browser send is refused', async () => {
  const { ask } = startWindow();
  const refused = async (headers: Record<string, string>, path = commands[0]): Promise<boolean> =>
    (await ask(path, { body: {}, headers })).json().message === 'this request comes from another site';
  expect(await refused({ 'sec-fetch-site': 'cross-site' })).toBe(true);
  expect(await refused({ 'sec-fetch-site': 'same-site' })).toBe(true);
  expect(await refused({ origin: 'http://evil.example' })).toBe(true);
  expect(await refused({ origin: 'http://127.0.0.1:9999' })).toBe(true);
  expect(await refused({ origin: 'null' })).toBe(true);
  expect(await refused({ origin: 'http://127.0.0.1:8480' })).toBe(false);
  expect(await refused({ 'sec-fetch-site': 'same-origin' })).toBe(false);
  expect(await refused({})).toBe(false);
  for (const path of ['/window/cameras/porch/live', '/%77indow/cameras/porch/live']) {
    const embedded = await ask(path, { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(embedded.json().message, path).toBe('this request comes from another site');
  }
  // A link leads to the page.
  expect((await ask('/', { headers: { 'sec-fetch-site': 'cross-site' } })).statusCode).toBe(200);
});

test('a form, which can send text but no JSON, is refused', async () => {
  const { ask } = startWindow();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await ask(commands[0], { body: '{}', headers: { 'content-type': type } });
    expect(answer.statusCode, type).toBe(415);
  }
});

test('a body that is too large is refused', async () => {
  const { ask } = startWindow();
  const answer = await ask(commands[0], { body: { transaction: 'x'.repeat(20_000) } });
  expect([answer.statusCode, answer.json().code]).toEqual([413, 'invalid']);
});

test('every answer has the headers that keep other sites and caches out', async () => {
  const { ask } = startWindow({ facts: { ...porchFacts, pictures: false } });
  for (const path of ['/', '/window/session', '/window/pictures/1', '/window/cameras/none/gate']) {
    const { headers } = await ask(path);
    expect(headers['content-security-policy'], path).toContain("default-src 'none'");
    expect(headers['content-security-policy'], path).not.toContain('unsafe');
    expect(headers['x-content-type-options'], path).toBe('nosniff');
    expect(headers['cross-origin-resource-policy'], path).toBe('same-origin');
    expect(headers['cache-control'], path).toMatch(/^no-(store|cache)$/);
  }
});

test('paths lead to the files of the page and nowhere else', async () => {
  const { ask } = startWindow();
  expect((await ask('/assets/main-1.js')).headers['cache-control']).toContain('immutable');
  expect((await ask('/', { headers: { 'if-none-match': '"1"' } })).statusCode).toBe(304);
  const elsewhere = ['/../package.json', '/assets/..%2f..%2fpackage.json', '/assets/%2e%2e/x', '/assets/'];
  for (const path of elsewhere) expect((await ask(path)).statusCode, path).toBe(404);
});
