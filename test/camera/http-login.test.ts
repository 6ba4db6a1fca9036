import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { challengesOf } from '../../src/camera/http-challenge.ts';
import { HttpLogin, isStale, loginFor } from '../../src/camera/http-login.ts';

const mufasa = { username: 'Mufasa', password: 'Circle Of Life' };

const md5 = (text: string | Buffer): string => createHash('md5').update(text).digest('hex');

/** The parameters of an Authorization value. */
function given(authorization: string): Record<string, string> {
  const [challenge] = challengesOf([authorization]);
  return Object.fromEntries(challenge!.parameters);
}

function loginOf(challenge: string, login = mufasa, cnonce?: string): HttpLogin {
  return new HttpLogin(challengesOf([challenge])[0]!, login, cnonce);
}

test('the example of RFC 2617, section 3.5', () => {
  const challenge =
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  expect(given(loginOf(challenge, mufasa, '0a4f113b').authorization('/dir/index.html'))).toEqual({
    ...{
      username: 'Mufasa',
      realm: 'testrealm@host.com',
      uri: '/dir/index.html',
      qop: 'auth',
      nc: '00000001',
    },
    ...{ nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093', cnonce: '0a4f113b' },
    ...{ response: '6629fae49393a05397450978507c4ef1', opaque: '5ccc069c403ebaf9f0171e9517f40e41' },
  });
});

test.each([
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
])('the example of RFC 7616 for %s', (algorithm, response) => {
  const challenge = `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  const login = { username: 'Mufasa', password: 'Circle of Life' };
  const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
  expect(given(loginOf(challenge, login, cnonce).authorization('/dir/index.html'))).toMatchObject({
    ...{ algorithm, response, cnonce, opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS' },
  });
});

// Section 3.9.2, with the hashes of its erratum 4897.
test('the example of RFC 7616 for a hashed user name in UTF-8', () => {
  const challenge =
    'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true';
  const login = { username: 'J\u00e4s\u00f8n Doe', password: 'Secret, or not?' };
  const cnonce = 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v';
  expect(given(loginOf(challenge, login, cnonce).authorization('/doe.json'))).toMatchObject({
    username: '793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b',
    response: '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
    userhash: 'true',
  });
});

test('the count of a nonce goes up, and its client nonce stays, as -sess requires', () => {
  const login = loginOf('Digest realm="r", nonce="n", qop=auth, algorithm=MD5-sess');
  const [first, second] = [given(login.authorization('/')), given(login.authorization('/'))];
  expect([first['nc'], second['nc']]).toEqual(['00000001', '00000002']);
  expect(second['cnonce']).toBe(first['cnonce']);
  expect(second['response']).not.toBe(first['response']);
});

test('a server without qop gets the answer of RFC 2069', () => {
  // RFC 2069, section 2.4, with the corrected response of its erratum 749.
  const challenge =
    'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  const login = { username: 'Mufasa', password: 'CircleOfLife' };
  const answer = given(loginOf(challenge, login).authorization('/dir/index.html'));
  expect(answer).toMatchObject({ response: '1949323746fe6a43ef61f9606e7febea' });
  expect(Object.keys(answer)).not.toContain('nc');
});

test('quotes and backslashes in names and realms are escaped', () => {
  const login = { username: 'a"b\\c', password: '' };
  expect(given(loginOf('Digest realm="x\\"y", nonce=n', login).authorization('/'))).toMatchObject({
    username: 'a"b\\c',
    realm: 'x"y',
  });
});

test('a name beyond ASCII is sent as bytes of UTF-8, and a realm as its own bytes', () => {
  const login = { username: '\u5b98', password: 'p' };
  const answer = given(loginOf('Digest realm="caf\u00e9", nonce=n', login).authorization('/'));
  expect(answer['username']).toBe(Buffer.from('\u5b98').toString('latin1'));
  expect(answer['realm']).toBe('caf\u00e9');
  const account = md5(Buffer.concat([Buffer.from('\u5b98:caf'), Buffer.of(0xe9), Buffer.from(':p')]));
  expect(answer['response']).toBe(md5(`${account}:n:${md5('GET:/')}`));
});

test('Basic encodes UTF-8', () => {
  const login = { username: 'test', password: '123\u00a3' };
  expect(loginOf('Basic realm="foo"', login).authorization('/')).toBe('Basic dGVzdDoxMjPCow==');
});

test.each([
  ['one in each header', ['Basic realm="a"', 'Digest realm="b", nonce="n"'], 'Digest'],
  ['all in one header', ['Basic realm="a", Digest realm="b, c", nonce="n", qop="auth", Negotiate'], 'Digest'],
  ['Digest first', ['Digest realm="b", nonce="n"', 'Basic realm="a"'], 'Digest'],
  ['a token after the scheme', ['Negotiate oYG1MIGyoAM=, Basic realm="a"'], 'Basic'],
  ['no realm', ['Basic'], 'Basic'],
  ['other letter cases and spaces', ['dIgEsT  REALM = "b" ,, Nonce=n'], 'Digest'],
  ['an empty qop', ['Digest realm="b", nonce="n", qop=""'], 'Digest'],
  ['an algorithm in quotes', ['Digest realm="b", nonce="n", algorithm="MD5"'], 'Digest'],
])('challenges: %s', (_name, headers, scheme) => {
  const login = loginFor(headers, mufasa, false);
  expect(login).toBeInstanceOf(HttpLogin);
  expect((login as HttpLogin).authorization('/')).toMatch(new RegExp(`^${scheme} `));
});

test('Basic is not sent over http to a server that offers any kind of Digest', () => {
  const headers = ['Digest realm="b", nonce="n", algorithm=SHA-999', 'Basic realm="a"'];
  expect(loginFor(headers, mufasa, false)).toBe('basic would be readable');
  expect((loginFor(headers, mufasa, true) as HttpLogin).authorization('/')).toMatch(/^Basic /);
});

test.each([[[]], [['Bearer realm="a"']], [['Digest realm="a"']], [['Digest nonce=n, qop="auth-int"']]])(
  'no login for %j',
  (headers) => {
    expect(loginFor(headers, mufasa, false)).toBe('no scheme');
  },
);

test.each([
  [['Digest realm="b", nonce="n", stale=TRUE'], true],
  [['Digest realm="b", nonce="n", stale="true"'], true],
  [['Digest realm="stale=true", nonce="n", stale=false'], false],
  [['Basic realm="b"'], false],
])('%j: stale is %s', (headers, stale) => {
  expect(isStale(headers)).toBe(stale);
});
