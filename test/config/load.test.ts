import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.ts';

const examplePath = join(import.meta.dirname, '../../config.example.yaml');
const smallest = 'cameras: { drawn: { source: { type: scene } } }';

test('the example config is exactly the defaults', async () => {
  expect(await loadConfig(examplePath)).toEqual(parseConfig(smallest, 'smallest.yaml'));
});

test('the example config names every key', () => {
  const example = readFileSync(examplePath, 'utf8');
  const keysOf = (value: object): string[] =>
    Object.entries(value).flatMap(([key, inner]) =>
      inner !== null && typeof inner === 'object' ? [key, ...keysOf(inner)] : [key],
    );
  for (const key of keysOf(parseConfig(smallest, 'smallest.yaml'))) {
    if (key === 'width' || key === 'height') continue; // parsed from `size`
    expect(example).toMatch(new RegExp(`\\b${key}: `.replace(/: $/, ':')));
  }
});

test('the device is named after the host', () => {
  expect(parseConfig(smallest, 'c.yaml').device).toBe(hostname().replace(/[^A-Za-z0-9_-]/g, '-'));
});

/** A config whose one camera has one question. */
const asking = (question: string): string =>
  `cameras: { a: { source: { type: scene }, questions: { q: ${question} } } }`;

test.each([
  ['{ ask: Why? }', { ask: 'Why?' }],
  ['{ ask: Why?, type: text }', { ask: 'Why?', type: 'text' }],
  ['{ ask: Open?, type: boolean }', { ask: 'Open?', type: 'boolean' }],
  ['{ ask: How many?, type: integer }', { ask: 'How many?', type: 'integer', min: 0, max: 100 }],
  [
    '{ ask: How cold?, type: integer, min: -40, max: 0 }',
    { ask: 'How cold?', type: 'integer', min: -40, max: 0 },
  ],
  ['{ ask: Which?, type: enum, values: [red, "light blue"] }', { values: ['red', 'light blue'] }],
  ['{ ask: What?, type: string, max_length: 20 }', { type: 'string', max_length: 20 }],
])('a question can have a type: %s', (question, expected) => {
  expect(parseConfig(asking(question), 'c.yaml').cameras['a']?.questions['q']).toMatchObject(expected);
});

test('durations and sizes are written with their units', () => {
  const { cameras } = parseConfig(
    'cameras: { a: { source: { type: scene, size: 1280x720, every: 1.5m }, interval: 250ms } }',
    'c.yaml',
  );
  expect(cameras['a']).toMatchObject({
    interval: 250,
    source: { every: 90_000, size: { width: 1280, height: 720 } },
  });
});

test.each([
  ['512MiB', 512 * 2 ** 20],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['2GB', 2e9],
])('an amount of memory: %s', (memory, expected) => {
  const config = `model: { memory: ${memory} }\ncameras: { a: { source: { type: scene } } }`;
  expect(parseConfig(config, 'c.yaml').model?.memory).toBe(expected);
  expect(() => parseConfig(config.replace(memory, memory.replace(/[A-Za-z]+$/, '')), 'c.yaml')).toThrow(
    /model\.memory: must be an amount such as 512MiB or 2GiB/,
  );
});

test('zones are lists of corners, and the gate’s times may be null', () => {
  const text = `cameras: { a: { source: { type: scene }, privacy: [[[0, 0], [1, 0], [0.5, 0.25]]],
    gate: { max_interval: null, min_interval: 1m, ignore: [[[0, 0], [1, 0], [1, 1], [0, 1]]] } } }`;
  expect(parseConfig(text, 'c.yaml').cameras['a']).toMatchObject({
    privacy: [
      [
        [0, 0],
        [1, 0],
        [0.5, 0.25],
      ],
    ],
    gate: { enabled: true, max_interval: null, min_interval: 60_000, ignore: [{ length: 4 }] },
  });
});

test('two models take the place of one', () => {
  const text = `models: { quick: { path: a, image_tokens: 900 }, thorough: { path: b, detail: overview } }\n${smallest}`;
  expect(parseConfig(text, 'c.yaml')).toMatchObject({
    model: null,
    models: {
      quick: { path: 'a', detail: 'full', image_tokens: 900 },
      thorough: { path: 'b', detail: 'overview', image_tokens: null },
    },
    cameras: { drawn: { model: null } },
  });
  expect(parseConfig(smallest, 'c.yaml')).toMatchObject({ model: { path: 'models/demo' }, models: null });
});

const quickAndThorough = 'models: { quick: { path: a }, thorough: { path: b } }';
test.each([
  [
    `model: { path: a }\n${quickAndThorough}`,
    /line 2: models: takes the place of model; remove one of the two/,
  ],
  ['models: { quick: { path: a } }', /models\.thorough: is missing; must be a section such as \{ path:/],
  ['models: [a, b]', /models: must be a section such as \{ quick: \{ path: /],
  [
    'models: { quick: { path: a, ctx: 1 }, thorough: {} }',
    /models\.quick: unknown key "ctx"; use context_size/,
  ],
  ['models: { fast: {}, quick: {}, thorough: {} }', /unknown key "fast"/],
  [`engine: pool\n${quickAndThorough}`, /models: needs engine: own/],
])('two models can be wrong: %s', (models, fault) => {
  expect(() => parseConfig(`${models}\n${smallest}`, 'c.yaml')).toThrow(fault);
});

test.each([
  ['model: quick', /cameras\.a\.model: there is only one model; remove it, or use models: .*"quick"/],
  [
    'questions: { q: { ask: x, model: thorough } }',
    /cameras\.a\.questions\.q\.model: there is only one model; .*"thorough"/,
  ],
])('with one model none can be named: %s', (keys, fault) => {
  const camera = `cameras: { a: { source: { type: scene }, ${keys} } }`;
  expect(() => parseConfig(camera, 'c.yaml')).toThrow(fault);
  expect(() => parseConfig(`${quickAndThorough}\n${camera}`, 'c.yaml')).not.toThrow();
  expect(() =>
    parseConfig(`${quickAndThorough}\n${camera.replace(/: (quick|thorough)/, ': slow')}`, 'c.yaml'),
  ).toThrow(/model: must be one of "quick", "thorough"/);
});

test.each([
  ['de', 'de'],
  ['pt-br', 'pt-BR'],
  ['German', 'de'],
])('the language %s is %s', (language, tag) => {
  expect(parseConfig(`language: ${language}\n${smallest}`, 'c.yaml').language).toBe(tag);
});

test.each(['xx', 'de_DE', 'klingonish', '49'])('%s is refused as a language', (language) => {
  expect(() => parseConfig(`language: ${language}\n${smallest}`, 'c.yaml')).toThrow(
    `line 1: language: must be a language: a BCP 47 tag such as de or pt-BR, or a name such as German (it is `,
  );
});

/** A config whose one camera has this in addition to its source. */
const having = (more: string): string => `cameras: { a: { source: { type: scene }, ${more} } }`;

test.each([
  ['not: [valid', /c\.yaml:\n {2}line 1: not valid YAML/],
  ['', /cameras: must name at least one camera/],
  ['cameras: {}', /cameras: must name at least one camera/],
  [
    'cameras: { a: { source: { type: scene }, interval: 10 } }',
    /cameras\.a\.interval: must be a duration.*\(it is 10\)/,
  ],
  [
    'cameras: { a: { source: { type: scene }, interval: 1ms } }',
    /cameras\.a\.interval: must be from 100ms to 24d/,
  ],
  ['cameras: { a: { source: { type: scene, size: 1280*720 } } }', /source\.size: must be a size.*1280\*720/],
  ['cameras: { a: { source: { type: webcam } } }', /cameras\.a\.source\.type: .*"scene"/],
  [
    'cameras: { a: { source: { type: scene }, prompt: tersely } }',
    /prompt: must be one of the prompts: default/,
  ],
  ['cameras: { status: { source: { type: scene } } }', /cameras\.status: is a reserved topic level/],
  ['cameras: { a/b: { source: { type: scene } } }', /cameras\.a\/b/],
  [asking('{ ask: x, type: number }'), /questions\.q\.type: .*"integer"/],
  [asking('{ ask: x, type: boolean, min: 1 }'), /questions\.q: unknown key "min"/],
  [asking('{ ask: x, type: integer, min: 2, max: 1 }'), /questions\.q: min must not be above max/],
  [asking('{ ask: x, type: enum, values: [a, b, a] }'), /questions\.q\.values: must not name a value twice/],
  [asking('{ ask: x, type: enum }'), /questions\.q\.values: is missing/],
  [
    asking('{ ask: x, type: enum, values: [" red"] }'),
    /questions\.q\.values\.0: must be one line without leading/,
  ],
  [asking('{ ask: x, type: string, max_length: 0 }'), /questions\.q\.max_length: .*\(it is 0\)/],
  [`${smallest}\nmodel: { detail: some }`, /model\.detail: .*"overview"/],
  [`${smallest}\nmodel: { image_tokens: 0 }`, /model\.image_tokens: .*\(it is 0\)/],
  [`${smallest}\nmodel: { image_tokens: 90.5 }`, /model\.image_tokens: .*\(it is 90\.5\)/],
  [having('gate: { sensitivity: 101 }'), /gate\.sensitivity: .*\(it is 101\)/],
  [having('gate: { min_interval: 1h }'), /gate\.max_interval: must not be below min_interval/],
  [having('gate: { ignore: [[[0, 0], [1, 1]]] }'), /gate\.ignore\.0: must have at least three corners/],
  [having('privacy: [[[0, 0], [1, 0], [640, 1]]]'), /privacy\.0\.2\.0: must be from 0 to 1.*\(it is 640\)/],
  [
    having('privacy: [[0, 0], [1, 0], [1, 1]]'),
    /a\.privacy: must be a list of zones.* one more pair of brackets/,
  ],
  [having('gate: { enabled: maybe }'), /gate\.enabled: /],
  [`${smallest}\ncolour: red`, /unknown key "colour"/],
  [`${smallest}\nmodel: { temperature: 9 }`, /model\.temperature: .*\(it is 9\)/],
])('a faulty config names the field and the remedy: %s', (text, message) => {
  expect(() => parseConfig(text, 'c.yaml')).toThrow(message);
  expect(() => parseConfig(text, 'c.yaml')).toThrow(expect.objectContaining({ exitCode: 78 }));
});

test('all faults are reported at once', () => {
  const text = 'mqtt: { url: nowhere }\ncameras: { a: { source: { type: still }, interval: soon } }';
  expect(() => parseConfig(text, 'c.yaml')).toThrow(/mqtt\.url[\s\S]*source\.path[\s\S]*interval/);
});

test('a password in the broker address is refused and not repeated', () => {
  const parse = (): unknown =>
    parseConfig(`${smallest}\nmqtt: { url: "mqtt://me:hunter2@broker" }`, 'c.yaml');
  expect(parse).toThrow(/mqtt\.url: .*without user or password/);
  expect(parse).not.toThrow(/hunter2/);
});

/** A config whose one camera is read by ffmpeg. */
const streaming = (source: string): string => `cameras: { a: { source: { type: ffmpeg, ${source} } } }`;

test('by default a stream uses TCP, is not rotated or scaled, and is reopened after 8 s without a new picture', () => {
  for (const input of ['rtsp://[::1]:8554/a?b=c@d', 'HTTP://porch.lan', 'clips/a.mp4', 'lavfi:testsrc2']) {
    const { source } = parseConfig(streaming(`input: "${input}"`), 'c.yaml').cameras['a']!;
    expect(source).toEqual({
      ...{ type: 'ffmpeg', input, transport: 'tcp', username: null, password_file: null },
      ...{ rotation: 0, size: null, frame_timeout: 8000 },
    });
  }
});

test.each([
  ['input: "srt://h/x"', /source\.input: must begin with rtsp:\/\//],
  ['input: "rtsp://h/a b\\nc"', /source\.input: must be on one line/],
  ['input: "http://h/snap?pwd=my pass"', /source\.input: must not contain spaces or quotes.*%20/],
  ['input: "rtsp://h/o\'b?token=x"', /source\.input: must not contain spaces or quotes/],
  ['input: "rtsp://h/x", frame_timeout: 5d', /source\.frame_timeout: must be at most 1h/],
  [
    'input: clips, password_file: pw',
    /source\.username: must be set when password_file is set.*\(it is null\)/,
  ],
  ['input: clips, username: "me:you"', /source\.username: must not contain a colon.*me:you/],
  ['input: clips, rotation: 45', /source\.rotation: .*90.*\(it is 45\)/],
  ['input: clips, transport: sctp', /source\.transport: .*"udp".*\(it is "sctp"\)/],
])('a faulty stream names the field and the remedy: %s', (source, message) => {
  expect(() => parseConfig(streaming(source), 'c.yaml')).toThrow(message);
});

test.each([
  streaming('input: "rtsp://me:hunter2@h/x"'),
  streaming('input: "rtsp://me:hunter2/3@h/x"'),
  streaming('input: "rtsp://hunter2@h/x"'),
  streaming('input: "rtsp://me:hunter2@h/x", colour: red'),
  'cameras: { a: { source: { type: rtsp, input: "rtsp://me:hunter2@h/x" } } }',
  'cameras: { a: { source: { type: ffmpeg, input: "rtsp://me:hunter2@h/x } } }',
])('a login in an address is refused and not repeated: %s', (text) => {
  expect(() => parseConfig(text, 'c.yaml')).toThrow(
    /input: must be .* username and password_file|type: |YAML/,
  );
  expect(() => parseConfig(text, 'c.yaml')).not.toThrow(/hunter2/);
});

test.each([
  ['mqtt: { url: "mqtts://b", cert_file: c.pem }', /mqtt\.key_file: must be set when cert_file is set/],
  ['mqtt: { url: "wss://b", key_file: k.pem }', /mqtt\.cert_file: must be set when key_file is set/],
  ['mqtt: { ca_file: ca.pem }', /mqtt\.ca_file: has no effect unless mqtt\.url begins with mqtts.*"ca\.pem"/],
  ['mqtt: { keepalive: 500ms }', /mqtt\.keepalive: must be from 1s to 18h/],
  [
    'store: { outbox: { max_size: 64 } }',
    /max_size: must be an amount such as 512MiB or 2GiB, with its unit/,
  ],
  ['store: { outbox: { max_size: 64Mb } }', /max_size: must be an amount.*"64Mb"/],
  ['store: { outbox: { max_size: 1KiB } }', /max_size: must be at least 1MiB/],
  ['store: { outbox: { max_entries: 0 } }', /max_entries: .*\(it is 0\)/],
  ['store: { folder: "" }', /store\.folder: /],
])('a faulty connection or outbox names the field and the remedy: %s', (text, message) => {
  expect(() => parseConfig(`${smallest}\n${text}`, 'c.yaml')).toThrow(message);
});

test('amounts of storage are written with their units', () => {
  const of = (text: string): number =>
    parseConfig(`${smallest}\nstore: { outbox: { max_size: ${text} } }`, 'c.yaml').store.outbox.max_size;
  expect([of('2GiB'), of('1.5MiB'), of('2048KiB'), of('5000000B')]).toEqual([
    2 ** 31,
    1_572_864,
    2 ** 21,
    5_000_000,
  ]);
});

test('a missing config file is named in the error', async () => {
  await expect(loadConfig('/nowhere/c.yaml')).rejects.toThrow(/\/nowhere\/c\.yaml: cannot be read/);
});

/** A config whose one camera is read over HTTP. */
const fetching = (source: string): string => `cameras: { a: { source: { type: http, ${source} } } }`;

test('an HTTP camera needs its url alone', () => {
  const url = 'https://[::1]:8443/snap.jpg?a=b@c';
  expect(parseConfig(fetching(`url: "${url}"`), 'c.yaml').cameras['a']!.source).toEqual({
    ...{ type: 'http', url, username: null, password_file: null, ca_file: null, tls_fingerprint: null },
    ...{ rotation: 0, size: null, frame_timeout: 8000 },
  });
});

test.each([
  'ab'.repeat(32),
  'AB:'.repeat(32).slice(0, -1),
  `sha256 Fingerprint=${'AB:'.repeat(32).slice(0, -1)}`,
])('the fingerprint %s is that of openssl', (text) => {
  const { source } = parseConfig(fetching(`url: "https://h/", tls_fingerprint: "${text}"`), 'c.yaml').cameras[
    'a'
  ]!;
  expect(source).toMatchObject({ tls_fingerprint: 'AB:'.repeat(32).slice(0, -1) });
});

test.each([
  ['url: "rtsp://h/x"', /source\.url: must be an address that begins with http:/],
  ['url: "http://h/a b"', /source\.url: must be an address .* without spaces/],
  ['url: "http://h:99999/"', /source\.url: its port must be a number from 1 to 65535/],
  ['url: "http://me:hunter2@h/"', /source\.url: must not contain user or password/],
  ['url: "http://h/", password_file: pw', /source\.username: must be set when password_file is set/],
  ['url: "http://h/", ca_file: ca.pem', /source\.ca_file: has no effect unless url begins with https/],
  ['url: "https://h/", tls_fingerprint: "AB:CD"', /source\.tls_fingerprint: must be a SHA-256 fingerprint/],
  [
    `url: "https://h/", ca_file: ca.pem, tls_fingerprint: "${'00'.repeat(32)}"`,
    /source\.ca_file: has no effect beside/,
  ],
])('an HTTP camera with %s is refused', (source, message) => {
  expect(() => parseConfig(fetching(source), 'c.yaml')).toThrow(message);
  expect(() => parseConfig(fetching(source), 'c.yaml')).not.toThrow(/hunter2/);
});
