import { expect, test } from 'vitest';
import { framesLeaveTo } from '../../src/config/frames-leave.ts';
import { parseConfig } from '../../src/config/load.ts';
import { redactedConfig } from '../../src/config/redacted-config.ts';

const camera = 'cameras: { porch: { source: { type: scene } } }\n';
const parse = (text: string) => parseConfig(camera + text, 'c.yaml');

test('an engine can be a server at an address', () => {
  expect(parse('engine: { url: "http://192.168.1.5:8080" }').engine).toEqual({
    url: 'http://192.168.1.5:8080',
    model: null,
    token_file: null,
    several_pictures: false,
    deadline: 120_000,
    fallback: 'own',
  });
  const all =
    'engine: { url: "https://pc.lan/v1", model: qwen, token_file: pc-token, several_pictures: true, deadline: 30s }';
  expect(parse(all).engine).toMatchObject({
    ...{ model: 'qwen', token_file: 'pc-token', several_pictures: true, deadline: 30_000 },
  });
});

test('serving is off unless an address is named', () => {
  expect(parse('').serve).toEqual({ listen: null, token_file: null });
  expect(parse('serve: { listen: "127.0.0.1:8481" }').serve.listen).toEqual({
    host: '127.0.0.1',
    port: 8481,
  });
  expect(parse('serve: { listen: "0.0.0.0:8481", token_file: serve-token }').serve).toEqual({
    listen: { host: '0.0.0.0', port: 8481 },
    token_file: 'serve-token',
  });
});

test.each([
  ['engine: cloud', /engine: must be "own", "pool", or a section such as \{ url: .*\(it is "cloud"\)/],
  ['engine: 3', /engine: must be "own", "pool", or a section/],
  ['engine: {}', /engine\.url: is missing; must be an address such as http/],
  ['engine: { url: "ftp://x" }', /engine\.url: must be an address that begins with http/],
  [
    'engine: { url: "http://user:canary@pc" }',
    /engine\.url: must not contain user or password; a token belongs/,
  ],
  ['engine: { url: "http://pc/?key=canary" }', /engine\.url: must not contain a query/],
  [
    'engine: { url: "http://pc/v1/chat/completions" }',
    /engine\.url: must end before \/chat\/completions, as http:\/\/192\.168\.1\.5:8080\/v1 does/,
  ],
  ['engine: { url: "http://pc:99999" }', /engine\.url: its port must be/],
  ['engine: { url: "http://pc", deadline: 5 }', /engine\.deadline: must be a duration/],
  ['engine: { url: "http://pc", fallback: pool }', /engine\.fallback: must be one of "own", "expire"/],
  ['engine: { url: "http://pc", token: canary }', /engine: unknown key "token"; use token_file/],
  ['engine: { url: "http://pc", timeout: 5s }', /engine: unknown key "timeout"; use deadline/],
  ['serve: { listen: 8481 }', /serve\.listen: must be an address and a port/],
  ['serve: { listen: "board.lan:8481" }', /serve\.listen: must be an IP address \(or localhost\) and a port/],
  ['serve: { listen: "192.168.1.9:8481" }', /serve\.token_file: must name a file with a token/],
  ['serve: { listen: "0.0.0.0:8481" }', /serve\.token_file: must name a file with a token/],
  ['serve: { listen: "127.0.0.1:8481", api_key: canary }', /serve: unknown key "api_key"; use token_file/],
  ['serve: { port: 8481 }', /serve: unknown key "port"; use listen/],
  ['serve: true', /serve: must be a section such as \{ listen: 127\.0\.0\.1:8481 \}/],
])('a faulty config names field and remedy, and no secret: %s', (text, message) => {
  const fault = (() => {
    try {
      parse(text);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  })();
  expect(fault).toMatch(message);
  expect(fault).not.toContain('canary');
});

test('the published config has neither token files nor the path of the server', () => {
  const shown = redactedConfig(
    parse(
      'engine: { url: "http://pc/canary/v1", token_file: canary }\nserve: { listen: "127.0.0.1:1", token_file: canary }',
    ),
  );
  expect(JSON.stringify(shown)).not.toContain('canary');
  expect(shown).toMatchObject({
    engine: { url: 'http://pc/***', token_file: '***' },
    serve: { listen: { host: '127.0.0.1', port: 1 }, token_file: '***' },
  });
});

test('where frames leave the board is said, with the key that asks for it', () => {
  expect(framesLeaveTo(parse(''))).toEqual([]);
  expect(framesLeaveTo(parse('engine: pool'))).toEqual(['to worker boards (engine: pool)']);
  const published =
    'cameras: { a: { source: { type: scene }, image: { enabled: true } } }\nengine: { url: "http://pc" }';
  expect(framesLeaveTo(parseConfig(published, 'c.yaml'))).toEqual([
    'to http://pc (engine.url)',
    'to the broker (cameras.a.image)',
  ]);
});
