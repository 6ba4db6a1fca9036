import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';

/** The lines of the message, without the first one and without "line 1: ". */
function faultsOf(text: string): string[] {
  try {
    parseConfig(text, 'c.yaml');
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 78 });
    const [first, ...lines] = (error as Error).message.split('\n');
    expect(first).toBe('config c.yaml:');
    return lines.map((line) => line.trim().replace(/^line 1: /, ''));
  }
  return [];
}

const camera = (more: string): string => `cameras: { a: { source: { type: scene }, ${more} } }`;
const source = (keys: string): string => `cameras: { a: { source: { ${keys} } } }`;

test.each([
  ['a: !include x.yaml', /a: the tag !include is not supported; write what the other file holds here/],
  ['a: [1, !lambda "x"]', /a\.1: the tag !lambda is not supported; remove it/],
  ['a: !!binary aGk=', /a: the tag !!binary is not supported/],
  ['a: !vault geheim', /a: the tag !vault .*password_file/],
  ['a: b: c', /not valid YAML: text that contains ": " must be in quotes/],
  ['a: @x', /not valid YAML: text that starts with .*@ must be in quotes/],
  ['a: "x', /not valid YAML: a quote \("\) is not closed/],
  ['{ a: 1, a: 2 }', /^the key "a" is used twice; remove one of them/],
  ['['.repeat(20_000), /not valid YAML: nested too deeply/],
  ['a: { <<: 5 }', /<<: must name a section/],
  ['a: { <<: *b }', /a\.<<: no anchor &b before this alias/],
  ['{ [a]: b }', /a key must be a word/],
  ['a: { __proto__: { b: 1 } }', /^no key can be called __proto__$/],
  [
    'a: 1\n---\nb: 2',
    /^line 2: not valid YAML: more than one document; remove the line --- or what follows it$/,
  ],
])('YAML that cannot be used, %.40s, has one fault', (text, fault) => {
  const faults = faultsOf(text);
  expect(faults).toEqual([expect.stringMatching(fault)]);
  expect(faults[0]).not.toMatch(/geheim/);
});

test('a line of a faulty YAML text is named, but not quoted', () => {
  const faults = faultsOf('mqtt:\n  username: x\n  password: geheim: 3\n');
  expect(faults).toEqual([expect.stringMatching(/^line 3: not valid YAML/)]);
  expect(faults[0]).not.toMatch(/geheim/);
});

test('faults of all kinds are listed together, in the order of their lines', () => {
  const faults = faultsOf(
    'device: work\nlogger: x\ncameras:\n  a: { source: { type: scene }, interval: 5 }\n  status:\n    source: { type: scene }\n    prompt: none\nprompts: { default: x }',
  );
  expect(faults).toEqual([
    expect.stringMatching(/device: is reserved/),
    expect.stringMatching(/^line 2: \(top level\): unknown key "logger"; use log_level/),
    expect.stringMatching(/^line 4: cameras\.a\.interval: must be a duration/),
    expect.stringMatching(/^line 5: cameras\.status: is a reserved topic level/),
    expect.stringMatching(/^line 7: cameras\.status\.prompt: must be one of the prompts: default/),
  ]);
});

test('a fault in a shared block has the line of the block; one in its user, that of the user', () => {
  const faults = faultsOf(
    'x-base: &base\n  source: { type: scene }\n  colour: red\ncameras:\n  a:\n    <<: *base\n    shape: round',
  );
  expect(faults).toEqual([
    expect.stringMatching(/^line 3: cameras\.a: unknown key "colour"/),
    expect.stringMatching(/^line 7: cameras\.a: unknown key "shape"/),
  ]);
});

test('of several merged sections the first counts, and what a section says itself counts most', () => {
  const { cameras } = parseConfig(
    'x-a: &a { interval: 1s, prompt: brief }\nx-b: &b { interval: 2s, source: { type: scene } }\nprompts: { default: a, brief: b }\n' +
      'cameras: { c: { <<: [*a, *b] }, d: { <<: *b, interval: 3s }, e: { interval: 4s, <<: [*b] } }',
    'c.yaml',
  );
  expect(cameras).toMatchObject({
    c: { interval: 1000, prompt: 'brief' },
    d: { interval: 3000 },
    e: { interval: 4000 },
  });
});

test('many cameras may share a block', () => {
  const names = Array.from({ length: 500 }, (_, index) => `c${index}: *c`);
  const text = `x-c: &c { source: { type: scene } }\ncameras: { ${names.join(', ')} }`;
  expect(Object.keys(parseConfig(text, 'c.yaml').cameras)).toHaveLength(500);
});

test.each([
  'mqtt:\nstore:\n',
  'mqtt: null\nstore: ~\nprompts: null\n',
  'mqtt: { discovery: , commands: , url: }\nwork: { sending: }\nmodel: { memory: , path: }\n',
])('empty sections have their defaults: %j', (text) => {
  const config = parseConfig(`${text}${camera('gate: { max_interval: }, image: , questions: ')}`, 'c.yaml');
  expect(config).toEqual(parseConfig(camera(''), 'c.yaml'));
});

test('null is not empty', () => {
  expect(parseConfig(camera('gate: { max_interval: null }'), 'c.yaml').cameras['a']!.gate.max_interval).toBe(
    null,
  );
  expect(faultsOf(camera('gate: null'))).toEqual([
    'cameras.a.gate: must be a section such as { enabled: true } (it is null)',
  ]);
});

test.each([
  ['cameras: { a: }', /^cameras\.a: is missing; must be a section such as \{ source: /],
  [camera('questions: { g: }'), /questions\.g: is missing; must be a section such as \{ ask: /],
  [camera('questions: { g: { ask: } }'), /questions\.g\.ask: is missing; must be the text of the question/],
  [source('type: still, path:'), /source\.path: is missing; must be the path of a file or folder/],
  [`${camera('')}\nprompts: { default: }`, /prompts\.default: is missing/],
])('a key that is needed must not be empty: %s', (text, fault) => {
  expect(faultsOf(text)).toEqual([expect.stringMatching(fault)]);
});

test.each([
  [source('type: still, path: $HOME/x'), /path: must not contain variables such as \$HOME.*"\$HOME\/x"/],
  [source('type: still, path: "/srv/$USER/x"'), /path: must not contain variables/],
  [source('type: still, path: ~bob/x'), /path: only ~\/ .* is expanded/],
  [source('type: ffmpeg, input: $HOME/x.mp4'), /input: must not contain variables/],
  [source('type: http, url: "https://h/", ca_file: $HOME/ca'), /ca_file: must not contain variables/],
  [`${camera('')}\nstore: { folder: "%S/x" }`, /store\.folder: must not contain specifiers of systemd/],
  [
    `${camera('')}\nmqtt: { username: u, password_file: $PW }`,
    /mqtt\.password_file: must not contain variables/,
  ],
  [`${camera('')}\nmodel: { path: $MODELS/x }`, /model\.path: must not contain variables/],
])('a path that only a shell would expand is refused: %s', (text, fault) => {
  expect(faultsOf(text)).toEqual([expect.stringMatching(fault)]);
});

test('a dollar within a name is none of a variable', () => {
  const { source: parsed } = parseConfig(source('type: still, path: /srv/a$b/c~'), 'c.yaml').cameras['a']!;
  expect(parsed).toMatchObject({ path: '/srv/a$b/c~' });
});

test.each([
  ['Straße 1', 'Strasse_1'],
  ['Ärger/Øst', 'Aerger_Ost'],
  ['café', 'cafe'],
  ['-_x', 'x'],
  ['Кухня', 'another name such as camera_1'],
  ['a.b', 'a_b'],
])('in place of the name %s, %s is proposed', (text, proposal) => {
  expect(faultsOf(`cameras: { "${text}": { source: { type: scene } } }`)).toEqual([
    expect.stringContaining(`; use ${proposal}, with name: "${text}" inside it`),
  ]);
});

test('questions, prompts and devices have names too', () => {
  const faults = faultsOf(
    `{ device: My Böard, prompts: { "a b": x, default: y }, ${camera('questions: { "is open?": { ask: x } }')} }`,
  );
  expect(faults.map((fault) => fault.replace(/:.*;/, ':'))).toEqual([
    expect.stringMatching(/^device: use My_Boeard/),
    'prompts.a b: use a_b',
    'cameras.a.questions.is open?: use is_open',
  ]);
});

test('a display name may be any line', () => {
  expect(parseConfig(camera('name: "Küche 🍳 (Süd)"'), 'c.yaml').cameras['a']!.name).toBe('Küche 🍳 (Süd)');
  for (const name of ['""', '" a"', '"a\\nb"', `"${'x'.repeat(65)}"`])
    expect(faultsOf(camera(`name: ${name}`))).toEqual([expect.stringMatching(/^cameras\.a\.name: must /)]);
});

test.each([
  ['mqtt: { broker: x }', 'mqtt: unknown key "broker"; use url, as in url: mqtt://192.168.1.10:1883'],
  [
    'mqtt: { topic_prefix: x }',
    'mqtt: unknown key "topic_prefix"; topics begin with scenecast/<device>; set device at the top level',
  ],
  ['mqtt: { keep-alive: 3s }', 'mqtt: unknown key "keep-alive"; did you mean "keepalive"?'],
  ['detectors: {}', '(top level): unknown key "detectors"; remove it: Scenecast has no such setting'],
  ['healthInterval: 3s', '(top level): unknown key "healthInterval"; did you mean "health_interval"?'],
  ['model: { n_ctx: 1 }', 'model: unknown key "n_ctx"; use context_size'],
  [
    'max_tokens: 3',
    '(top level): unknown key "max_tokens"; it belongs in model, as in model: { max_tokens: ... }',
  ],
])('an unknown key beside the cameras: %s', (text, fault) => {
  expect(faultsOf(`{ ${text}, ${camera('')} }`)).toEqual([fault]);
});

test.each([
  [
    'ffmpeg: { inputs: [] }',
    /unknown key "ffmpeg"; it belongs in source, as in source: \{ type: ffmpeg, input: /,
  ],
  ['rotation: 90', /unknown key "rotation"; it belongs in source/],
  ['friendly_name: x', /unknown key "friendly_name"; use name/],
  ['privcay: []', /unknown key "privcay"; did you mean "privacy"\?/],
  ['gate: { interval: 3s }', /a\.gate: unknown key "interval"; it belongs one level up, beside gate/],
  ['gate: { sensitivty: 3 }', /a\.gate: unknown key "sensitivty"; did you mean "sensitivity"\?/],
  ['xyzzy: 1', /unknown key "xyzzy"; remove it.*; the keys here are name, source, interval,/],
  ['questions: { g: { question: x, ask: y } }', /questions\.g: unknown key "question"; use ask/],
  ['questions: { g: { ask: y, min: 1 } }', /questions\.g: unknown key "min"; only type: integer has it/],
])('an unknown key of a camera: %s', (keys, fault) => {
  expect(faultsOf(camera(keys))).toEqual([expect.stringMatching(fault)]);
});

test.each([
  ['type: ffmpeg, input: x, url: y', /unknown key "url"; use input/],
  ['type: ffmpeg, input: x, password: geheim', /unknown key "password"; use password_file/],
  ['type: http, url: "http://h/", stream_source: y', /unknown key "stream_source"; use url/],
  ['type: v4l2, device: /dev/video0, fps: 5', /unknown key "fps"; use rate/],
  ['type: still, path: x, device: y', /unknown key "device"; only type: v4l2 has it/],
  [
    'type: usb, device: /dev/video0',
    /source\.type: .*; use type: v4l2, with the path in device \(it is "usb"\)/,
  ],
  ['type: mjpeg, url: x', /source\.type: .*; use type: http, with the address in url/],
  ['type: ffmpgeg, input: x', /source\.type: .*; did you mean "ffmpeg"\?/],
  ['url: "rtsp://me:geheim@h/geheim"', /source\.type: is missing; .*, here probably ffmpeg/],
  ['device: /dev/video0', /source\.type: is missing; .*, here probably v4l2/],
])('a source of another program: %s', (keys, fault) => {
  const faults = faultsOf(source(keys));
  expect(faults).toEqual([expect.stringMatching(fault)]);
  expect(faults[0]).not.toMatch(/geheim/);
});

test.each([
  ['source: "rtsp://me:geheim@h/geheim"', 'must be a section such as { type: ffmpeg, input: rtsp://... }'],
  [
    'source: /dev/video0',
    'must be a section such as { type: v4l2, device: /dev/video0 } (it is "/dev/video0")',
  ],
  ['source: webcam', 'must be a section such as { type: v4l2, device: /dev/video0 } (it is "webcam")'],
])('a source that is a word: %s', (keys, fault) => {
  expect(faultsOf(`cameras: { a: { ${keys} } }`)).toEqual([`cameras.a.source: ${fault}`]);
});

test.each([
  ['mqtt: "mqtt://me:geheim@h"', /^mqtt: must be a section such as \{ url: mqtt:/],
  [
    'mqtt: { discovery: false }',
    /^mqtt\.discovery: must be a section such as \{ enabled: false \} \(it is false\)/,
  ],
  ['mqtt: { username: 007 }', /^mqtt\.username: must be text: put it in quotes \(it is 7\)/],
  ['model: smolvlm', /^model: must be a section such as \{ path: /],
  ['model: { threads: "4" }', /^model\.threads: must be a number, without quotes \(it is "4"\)/],
  ['model: { max_tokens: 0 }', /^model\.max_tokens: must be at least 1 \(it is 0\)/],
  ['log_level: warning', /^log_level: must be one of .*; did you mean "warn"\? \(it is "warning"\)/],
  ['prompts: Look', /^prompts: must be a section such as \{ default: /],
])('a value of another kind: %s', (text, fault) => {
  const faults = faultsOf(`{ ${text}, ${camera('')} }`);
  expect(faults).toEqual([expect.stringMatching(fault)]);
  expect(faults[0]).not.toMatch(/geheim/);
});

test.each([
  ['cameras: [{ source: { type: scene } }]', /^cameras: must be a section such as \{ porch: /],
  ['- a', /^\(top level\): must be a section such as cameras: /],
  ['words', /^\(top level\): must be a section such as cameras: /],
])('a config that is not made of sections: %s', (text, fault) => {
  expect(faultsOf(text)).toEqual([expect.stringMatching(fault)]);
});

test.each([
  ['mqtt: { url: "mqtt://h:0" }', /its port must be a number from 1 to 65535/],
  ['mqtt: { url: "mqtt://h:1883x" }', /its port must be/],
  ['mqtt: { url: "wss://:443/mqtt" }', /its host is missing/],
  ['mqtt: { url: "mqtt://fd00::1" }', /an IPv6 address must be in brackets/],
])('a broker that cannot be reached: %s', (text, fault) => {
  expect(faultsOf(`{ ${text}, ${camera('')} }`)).toEqual([expect.stringMatching(fault)]);
});

test.each([
  'type: ffmpeg, input: "rtsp://h:99999/x"',
  'type: ffmpeg, input: "rtsp://[::1]:99999/x"',
  'type: http, url: "http://h:65536"',
])('a camera at a port that cannot be: %s', (keys) => {
  expect(faultsOf(source(keys))).toEqual([
    expect.stringMatching(/: its port must be a number from 1 to 65535$/),
  ]);
});

test.each(['mqtt://h', 'mqtt://h:1', 'mqtts://[fd00::1]:65535', 'ws://h_1:9001/mqtt'])(
  '%s is right',
  (url) => {
    expect(parseConfig(`{ mqtt: { url: "${url}" }, ${camera('')} }`, 'c.yaml').mqtt.url).toBe(url);
  },
);

test('one device by two names is used twice', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-devices-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const device = join(folder, 'video0');
  writeFileSync(device, '');
  symlinkSync(device, join(folder, 'usb-Maker_Camera'));
  const devices = [device, join(folder, 'usb-Maker_Camera'), `${folder}/./video1`, `${folder}//video1`];
  const cameras = devices.map((path, index) => `c${index}: { source: { type: v4l2, device: "${path}" } }`);
  expect(faultsOf(`cameras: { ${cameras.join(', ')} }`)).toEqual([
    expect.stringMatching(/^cameras\.c1\.source\.device: is the device of cameras\.c0 too/),
    expect.stringMatching(/^cameras\.c3\.source\.device: is the device of cameras\.c2 too/),
  ]);
});

test.each([
  ['[[[0, 0], [0.5, 0.5], [1, 1]]]', /privacy\.0: has no area/],
  ['[[[0, 0], [0, 0], [0, 0]]]', /privacy\.0: has no area/],
  ['[[[0, 0], [640, 0], [640, 480]]]', /privacy\.0\.1\.0: must be from 0 to 1: .*not pixels.* \(it is 640\)/],
  ['[0, 0, 1, 0, 1, 1]', /privacy: must be a list of zones.*brackets/],
  ['"0,0,1,0,1,1"', /privacy: must be a list of zones.*\(it is "0,0,1,0,1,1"\)/],
  ['[{ x: 0, y: 0 }]', /privacy\.0: must be a list of corners/],
  ['[[[0, 0], [1, "a"], [1, 1]]]', /privacy\.0\.1: must be a corner such as/],
  ['[[[0, 0], [1, .nan], [1, 1]]]', /privacy\.0\.1\.1: must be from 0 to 1/],
])('zones that are none, %s, have one fault', (zones, fault) => {
  expect(faultsOf(camera(`privacy: ${zones}`))).toEqual([expect.stringMatching(fault)]);
  expect(faultsOf(camera(`gate: { ignore: ${zones} }`))).toHaveLength(1);
});

const questions = (text: string): string => camera(`questions: { ${text} }`);

test.each([
  [
    'cameras: { Front-Door: { source: { type: scene } }, front_door: { source: { type: scene } } }',
    /^cameras\.front_door: differs from Front-Door only in case, - or _, .* Home Assistant; choose another name/,
  ],
  [
    questions('gate-open: { ask: A }, gate_open: { ask: B }'),
    /^cameras\.a\.questions\.gate_open: differs from gate-open only in case, - or _/,
  ],
  [
    questions('q: { ask: A, type: integer, device_class: door }'),
    /"device_class"; only type: boolean has it/,
  ],
  [
    questions('q: { ask: A, type: boolean, device_class: gate }'),
    /device_class: must be one of "battery", .*"door"/,
  ],
  [questions('q: { ask: A, name: " x" }'), /questions\.q\.name: must be one line/],
  [questions('q: { ask: A, friendly_name: x }'), /unknown key "friendly_name"; use name/],
  ['name: ""', /name: /],
])('what Home Assistant would show wrongly, %.60s, is refused', (text, fault) => {
  expect(faultsOf(text)[0]).toMatch(fault);
});

test('cameras and questions that only seem alike are told apart', () => {
  expect(faultsOf(questions('gate: { ask: A }, gate_2: { ask: B }, gate2: { ask: C }'))).toEqual([]);
});
