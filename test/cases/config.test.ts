import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

/** Configs as people write them, most of them after bug reports of programs that do a similar job. */
const load = (name: string): Promise<Config> => loadConfig(join(import.meta.dirname, 'config', name));

/** By file, a pattern for each line of the message after the first. */
const refused: Readonly<Record<string, readonly RegExp[]>> = {
  'tag-secret.yaml': [/line 1: mqtt\.username: the tag !secret is not supported; .*password_file/],
  'tag-env.yaml': [/line 1: prompts\.default: the tag !env is not supported; .*credential/],
  'unknown-alias.yaml': [/line 1: cameras: no anchor &nope before this alias/],
  'alias-bomb.yaml': [/line 7: the alias \*f repeats too much/],
  'alias-of-itself.yaml': [/line 3: cameras\.a\.gate: the alias \*a contains itself/],
  'name-with-space.yaml': [/line 1: cameras\.front door: .*; use front_door, with name: "front door"/],
  'name-with-umlaut.yaml': [/line 1: cameras\.Küche: .*; use Kueche, with name: "Küche"/],
  'misspelt-keys.yaml': [
    /line 1: cameras\.a: unknown key "intervall"; did you mean "interval"\?/,
    /line 1: cameras\.a: unknown key "gates"; did you mean "gate"\?/,
    /line 1: cameras\.a: unknown key "promt"; did you mean "prompt"\?/,
    /line 2: \(top level\): unknown key "mqqt"; did you mean "mqtt"\?/,
  ],
  'capital-keys.yaml': [
    /line 1: \(top level\): unknown key "Mqtt"; did you mean "mqtt"\?/,
    /line 2: cameras\.a: unknown key "Interval"; did you mean "interval"\?/,
    /line 2: cameras\.a: unknown key "min_interval"; it belongs in gate/,
  ],
  'other-programs-keys.yaml': [
    /line 1: mqtt: unknown key "host"; use url/,
    /line 1: mqtt: unknown key "port"; it belongs in url/,
    /line 1: mqtt: unknown key "user"; use username/,
    /line 1: mqtt: unknown key "password"; use password_file/,
  ],
  'type-rtsp.yaml': [/line 1: cameras\.a\.source\.type: .*; use type: ffmpeg, with the address in input/],
  'source-as-word.yaml': [/line 1: cameras\.a\.source: must be a section such as \{ type: scene \}/],
  'question-as-words.yaml': [/line 1: cameras\.a\.questions\.g: must be a section such as \{ ask: /],
  'port-99999.yaml': [/line 1: mqtt\.url: its port must be a number from 1 to 65535/],
  'one-device-twice.yaml': [/line 3: cameras\.b\.source\.device: is the device of cameras\.a too/],
  'flat-polygon.yaml': [/line 1: cameras\.a\.privacy: must be a list of zones/],
};

test.each(Object.entries(refused))('%s is refused', async (file, patterns) => {
  const fault = await load(file).catch((error: unknown) => error);
  expect(fault).toMatchObject({ exitCode: 78 });
  const [first, ...lines] = (fault as Error).message.split('\n');
  expect(first).toBe(`config ${join(import.meta.dirname, 'config', file)}:`);
  expect(lines).toEqual(patterns.map((pattern) => expect.stringMatching(pattern)));
  expect((fault as Error).message).not.toMatch(/geheim|received|expected/);
});

test.each([
  ['latin1.yaml', /latin1\.yaml: line 1 is not UTF-8/],
  ['utf16.yaml', /utf16\.yaml: is encoded as UTF-16; save it as UTF-8/],
])('%s is refused for its encoding', async (file, fault) => {
  await expect(load(file)).rejects.toThrow(fault);
  await expect(load(file)).rejects.toMatchObject({ exitCode: 78 });
});

test('empty sections and keys have their defaults', async () => {
  const defaults = await load('smallest.yaml');
  for (const file of ['empty-mqtt.yaml', 'empty-keys.yaml', 'utf8-mark.yaml'])
    expect(await load(file)).toEqual(defaults);
});

test('merged and shared blocks', async () => {
  const merged = await load('merge-key.yaml');
  expect(merged.cameras).toMatchObject({ a: { interval: 5000 }, b: { interval: 9000 } });
  expect(merged.cameras['b']!.source).toEqual(merged.cameras['a']!.source);
  const shared = await load('shared-block.yaml');
  expect(shared.cameras['a']).toMatchObject({ interval: 5000 });
  expect(shared.cameras['b']).toEqual(shared.cameras['a']);
});

test('~/ is the home folder, in every path', async () => {
  const { store, cameras, model, mqtt } = await load('tilde.yaml');
  expect([store.folder, model?.path, mqtt.password_file]).toEqual(
    ['state', 'models/x', 'pw'].map((path) => join(homedir(), path)),
  );
  expect(cameras['a']!.source).toMatchObject({ path: join(homedir(), 'pics') });
});
