import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { redactedConfig } from '../../src/config/redacted-config.ts';

const camera = 'cameras: { porch: { source: { type: scene } } }';
const parse = (web: string) => parseConfig(`${camera}\n${web}`, 'c.yaml');
const hash = `$scrypt$ln=15,r=8,p=1$${'a'.repeat(22)}$${'b'.repeat(43)}`;

test('the window is off unless an address is named, and shows pictures', () => {
  expect(parse('').web).toEqual({
    listen: null,
    password_hash: null,
    password_hash_file: null,
    viewer_password_hash: null,
    viewer_password_hash_file: null,
    aim: true,
    pictures: true,
    tls: { cert_file: null, key_file: null },
    metrics: { enabled: false, token_file: null },
  });
  expect(parse('web: { listen: "127.0.0.1:8480" }').web.listen).toEqual({ host: '127.0.0.1', port: 8480 });
  expect(parse(`web: { listen: "0.0.0.0:8480", password_hash: "${hash}" }`).web.password_hash).toBe(hash);
});

test.each([
  ['web: { listen: 8480 }', /web\.listen: must be an address and a port, such as 127\.0\.0\.1:8480/],
  ['web: { listen: "0.0.0.0:8480" }', /web\.password_hash: must be what scenecast password prints, since/],
  ['web: { password_hash: canary }', /web\.password_hash: must be a hash that scenecast password prints/],
  [
    `web: { password_hash: "${hash}", password_hash_file: x }`,
    /web\.password_hash: gives the password twice/,
  ],
  [`web: { viewer_password_hash: "${hash}" }`, /web\.password_hash: must be set too/],
  ['web: { password: canary }', /web: unknown key "password"; use password_hash/],
  ['web: { port: 8480 }', /web: unknown key "port"; use listen/],
  ['web: { tls: { cert_file: board.crt } }', /web\.tls\.key_file: must be set when cert_file is set/],
  ['web: { tls: { key_file: board.key } }', /web\.tls\.cert_file: must be set when key_file is set/],
  [
    'web: { tls: true }',
    /web\.tls: must be a section such as \{ cert_file: board\.crt, key_file: board\.key \}/,
  ],
  ['web: { cert_file: board.crt }', /web: unknown key "cert_file"; use tls, as in/],
  ['web: { metrics: true }', /web\.metrics: must be a section such as \{ enabled: true \}/],
  [
    `web: { password_hash: "${hash}", metrics: { enabled: true } }`,
    /web\.metrics\.token_file: must name a file with a token, since the window has a password/,
  ],
  ['web: true', /web: must be a section such as \{ listen: 127\.0\.0\.1:8480 \}/],
])('%s is refused', (web, message) => {
  expect(() => parse(web)).toThrow(message);
  expect(() => parse(web)).not.toThrow(/canary/);
});

test('the published config has no hash and no file of one', () => {
  const config = parse(
    `web: { listen: "127.0.0.1:8480", password_hash: "${hash}", viewer_password_hash_file: canary, metrics: { token_file: canary } }`,
  );
  expect(JSON.stringify(redactedConfig(config))).not.toMatch(/canary|scrypt/);
});
