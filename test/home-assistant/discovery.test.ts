import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { standingQuestionSchema } from '../../src/contract/questions.ts';
import type { HomeAssistantDevice } from '../../src/home-assistant/device.ts';
import { discoveryMessages } from '../../src/home-assistant/discovery.ts';
import { channelOf } from '../../tools/test/channel-of.ts';
import { discoverySchema } from '../../tools/test/home-assistant-schema.ts';
import { bare, plain, workshop, workshopFront } from './discovery-fixture.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever a component has
type Options = Record<string, any>;

/** What is announced by topic, held against Home Assistant's schemas. */
function announced(device: HomeAssistantDevice): Map<string, Options> {
  return new Map(
    discoveryMessages('homeassistant', device).map(({ topic, payload }) => {
      const message = JSON.parse(payload);
      discoverySchema.parse(message);
      return [topic, message];
    }),
  );
}

/** The components of the board (camera null) or of a camera. */
function componentsOf(device: HomeAssistantDevice, camera: string | null): Record<string, Options> {
  const levels = camera === null ? '' : `${camera}/`;
  return announced(device).get(`homeassistant/device/scenecast_${device.device}/${levels}config`)![
    'components'
  ];
}

const front = componentsOf(workshop, 'front_door');
const listed = (components: Record<string, Options>): string[] =>
  Object.entries(components).map(([key, { platform }]) => `${platform} ${key}`);

test('the board and each camera are a device of their own, with one message each', () => {
  const messages = announced(workshop);
  expect([...messages.keys()]).toEqual([
    'homeassistant/device/scenecast_workshop/config',
    'homeassistant/device/scenecast_workshop/front_door/config',
    'homeassistant/device/scenecast_workshop/yard/config',
  ]);
  const [board, camera] = [...messages.values()];
  const shared = {
    origin: { name: 'Scenecast', sw_version: '0.1.0' },
    availability: [{ topic: 'scenecast/workshop/status' }],
    availability_mode: 'all',
    qos: 1,
  };
  expect(board).toMatchObject({
    device: {
      identifiers: ['scenecast_workshop'],
      name: 'workshop',
      manufacturer: 'Scenecast',
      model: 'Radxa Orion O6',
      sw_version: '0.1.0 with demo (F16)',
    },
    ...shared,
  });
  expect(board!['device']).not.toHaveProperty('via_device');
  expect(camera).toMatchObject({
    device: {
      identifiers: ['scenecast_workshop:front_door'],
      name: 'Front door',
      manufacturer: 'Scenecast',
      model: 'V4L2 camera',
      via_device: 'scenecast_workshop',
    },
    ...shared,
  });
  expect(listed(board!['components'])).toEqual([
    'binary_sensor health:problem',
    'binary_sensor health:under_voltage',
    'binary_sensor health:clock_limited',
    'sensor health:engine',
    'sensor health:timing_p50',
    'sensor health:timing_p95',
    'sensor health:tokens_per_second',
    'sensor health:temperature',
    'sensor health:memory_available',
    'sensor health:memory_daemon',
    'sensor health:memory_engine',
    'sensor health:queue_depth',
    'sensor health:outbox_depth',
    'sensor health:described',
    'sensor health:failed',
    'sensor health:expired',
    'sensor health:dropped',
    'button restart',
  ]);
  const shownAlways = [
    'sensor description',
    'sensor last_described',
    'event event',
    'binary_sensor status',
    'binary_sensor problem',
  ];
  const controls = ['button describe', 'switch paused', 'number interval', 'select prompt'];
  expect(listed(front)).toEqual([
    ...shownAlways,
    'image image',
    'binary_sensor answer:gate_open',
    'sensor answer:people',
    'sensor answer:sky',
    'sensor answer:day',
    'sensor answer:oddity',
    'sensor answer:free',
    'sensor confidence:gate_open',
    'sensor confidence:people',
    'sensor confidence:sky',
    'sensor confidence:day',
    'binary_sensor rule:gate_left_open',
    'binary_sensor rule:crowd',
    'binary_sensor rule:dark',
    'event alert',
    'button right:gate_open',
    'button wrong:gate_open',
    'button right:people',
    'number correct:people',
    'button right:sky',
    'select correct:sky',
    'button right:day',
    'button wrong:day',
    ...controls,
  ]);
  expect(listed(componentsOf(workshop, 'yard'))).toEqual([...shownAlways, ...controls]);
});

test('the discovery prefix comes from the config', () => {
  expect(discoveryMessages('ha', workshop)[0]?.topic).toBe('ha/device/scenecast_workshop/config');
});

test('what is not published, allowed or readable is not announced', () => {
  const less = {
    ...workshop,
    board: null,
    cameras: [bare('porch')],
    takesRequests: false,
    isRestartable: false,
    settable: [],
    readings: [],
  };
  expect(Object.keys(componentsOf(less, 'porch'))).toEqual([
    'description',
    'last_described',
    'event',
    'status',
    'problem',
  ]);
  expect(
    Object.keys(componentsOf(less, null)).filter((key) =>
      /temperature|voltage|clock|engine$|restart/.test(key),
    ),
  ).toEqual(['health:engine']);
  expect([...announced(less).values()][0]!['device']).not.toHaveProperty('model');
  const pausable = componentsOf({ ...less, settable: ['paused'] }, 'porch');
  expect(Object.keys(pausable)).toContain('paused');
  expect(Object.keys(pausable)).not.toContain('interval');
});

test('names are those of the config, or words made of its keys, and never repeat the name of the device', () => {
  const named = {
    ...workshop,
    title: 'Workshop board',
    cameras: [
      {
        ...bare('front-door'),
        title: 'Küche (Süd)',
        questions: [
          { ...plain({ name: 'gate_open', ask: '?' }), title: 'Tor' },
          plain({ name: 'is_anybody_there', ask: '?' }),
        ],
      },
      bare('back_door'),
    ],
  };
  const messages = [...announced(named).values()];
  expect(messages.map(({ device }) => device.name)).toEqual(['Workshop board', 'Küche (Süd)', 'Back door']);
  const camera = messages[1]!['components'];
  expect(camera['answer:gate_open'].name).toBe('Tor');
  expect(camera['answer:is_anybody_there'].name).toBe('Is anybody there');
  for (const { device, components } of messages)
    for (const { name } of Object.values(components as Record<string, Options>))
      expect(name.toLowerCase()).not.toContain(device.name.toLowerCase());
});

test('every class that a boolean question may have is one of Home Assistant', () => {
  const [, boolean] = standingQuestionSchema.options;
  for (const deviceClass of boolean.shape.device_class.unwrap().unwrap().options) {
    const question = { ...plain({ name: 'q', ask: '?', type: { kind: 'boolean' } }), deviceClass };
    const components = componentsOf({ ...workshop, cameras: [{ ...bare('a'), questions: [question] }] }, 'a');
    expect(components['answer:q']!['device_class']).toBe(deviceClass);
  }
  expect(front['answer:gate_open']!['device_class']).toBe('door');
  expect(front['answer:people']).not.toHaveProperty('device_class');
});

test('diagnostics of interest to few are disabled until a person enables them; sizes and times have units', () => {
  const board = componentsOf(workshop, null);
  const enabled = Object.entries(board).filter(([, { enabled_by_default = true }]) => enabled_by_default);
  expect(enabled.map(([key]) => key)).toEqual([
    'health:problem',
    'health:under_voltage',
    'health:clock_limited',
    'health:engine',
    'health:timing_p50',
    'health:temperature',
    'health:memory_available',
    'restart',
  ]);
  const units = Object.entries(board).map(([key, option]) => [
    key.replace('health:', ''),
    option['device_class'],
    option['unit_of_measurement'],
  ]);
  expect(units).toEqual(
    expect.arrayContaining([
      ['timing_p50', 'duration', 's'],
      ['timing_p95', 'duration', 's'],
      ['memory_available', 'data_size', 'MiB'],
      ['memory_daemon', 'data_size', 'MiB'],
      ['memory_engine', 'data_size', 'MiB'],
      ['temperature', 'temperature', '°C'],
    ]),
  );
});

test('two boards with five cameras share no topic, device or identity', () => {
  const messages = [workshop, workshopFront].flatMap((device) => [...announced(device)]);
  expect(new Set(messages.map(([topic]) => topic)).size).toBe(7);
  expect(new Set(messages.map(([, { device }]) => device.identifiers[0])).size).toBe(7);
  expect(messages.map(([, { device }]) => device.via_device)).toEqual([
    undefined,
    ...Array(2).fill('scenecast_workshop'),
    undefined,
    ...Array(3).fill('scenecast_workshop_front'),
  ]);
  const all = messages.flatMap(([, { components }]) => Object.values(components as Record<string, Options>));
  expect(new Set(all.map(({ unique_id }) => unique_id)).size).toBe(all.length);
  // Ids that different boards propose may meet: Home Assistant numbers them.
  for (const device of [workshop, workshopFront]) {
    const components = [...announced(device).values()].flatMap((message) =>
      Object.values(message['components'] as Record<string, Options>),
    );
    const ids = new Set(components.map(({ default_entity_id }) => default_entity_id));
    expect(ids.size).toBe(components.length);
  }
});

test('every topic is in the contract, with the right direction', () => {
  for (const [key, component] of Object.entries({ ...front, ...componentsOf(workshop, null) })) {
    const { availability = [] } = component as { availability?: { topic: string }[] };
    const named = Object.entries(component).flatMap(([option, topic]) =>
      option.endsWith('_topic') ? [[option, topic as string] as const] : [],
    );
    expect(named.length, key).toBeGreaterThan(0);
    const topics = [...named, ...availability.map(({ topic }) => ['availability', topic] as const)];
    for (const [option, topic] of topics) {
      const channel = channelOf(topic);
      expect(channel?.direction, `${key} ${option} ${topic}`).toBe(option === 'command_topic' ? 'in' : 'out');
      if (option === 'state_topic' && component['platform'] !== 'event') expect(channel?.retain).toBe(true);
    }
  }
});

test('what a camera shows depends on its vision too; its controls depend on the status of the device only', () => {
  const both = ['scenecast/workshop/status', 'scenecast/workshop/front_door/vision'];
  const topicsOf = (key: string): unknown =>
    (front[key]?.['availability'] as { topic: string }[] | undefined)?.map(({ topic }) => topic);
  for (const key of ['description', 'image', 'answer:people']) expect(topicsOf(key), key).toEqual(both);
  for (const key of ['last_described', 'event', 'status', 'describe', 'paused', 'interval', 'prompt'])
    expect(topicsOf(key), key).toBeUndefined();
});

test('ids do not depend on texts or order', () => {
  const ids = (device: HomeAssistantDevice): Record<string, unknown> =>
    Object.fromEntries(
      [...announced(device)].flatMap(([topic, message]) =>
        Object.entries(message['components'] as Record<string, Options>).map(([key, component]) => [
          `${topic} ${key}`,
          [component['unique_id'], component['default_entity_id']],
        ]),
      ),
    );
  const before = ids(workshop);
  expect(before['homeassistant/device/scenecast_workshop/front_door/config answer:gate_open']).toEqual([
    'scenecast:workshop:front_door:answer:gate_open',
    'binary_sensor.workshop_front_door_answer_gate_open',
  ]);
  const renamed = {
    ...workshop,
    title: 'Elsewhere',
    version: '9.9.9',
    model: 'another',
    prompts: ['default', 'long', 'brief'],
    cameras: workshop.cameras
      .map((camera) => ({
        ...camera,
        title: 'Named',
        questions: camera.questions
          .map((question) => ({ ...question, title: 'Asked', ask: `${question.ask} Really?` }))
          .reverse(),
      }))
      .reverse(),
  };
  expect(ids(renamed)).toEqual(before);
});

test('a prompt named none, which Home Assistant would show as unknown, has another option', () => {
  const { prompt } = componentsOf({ ...workshop, prompts: ['default', 'none', 'None', 'nonesuch'] }, 'yard');
  expect(prompt!['options']).toEqual(['default', 'none (prompt)', 'None (prompt)', 'nonesuch']);
});

test('an answer None, which Home Assistant would show as unknown, is the option none', () => {
  const question = plain({
    name: 'vehicle',
    ask: '?',
    type: { kind: 'enum', values: ['None', 'car', 'Nonesuch'] },
  });
  const camera = { ...bare('a'), questions: [question] };
  const { 'answer:vehicle': vehicle } = componentsOf({ ...workshop, cameras: [camera] }, 'a');
  expect(vehicle!['options']).toEqual(['none', 'car', 'Nonesuch']);
});

test('docs/home-assistant.md shows the message that is sent', () => {
  const page = readFileSync(new URL('../../docs/home-assistant.md', import.meta.url), 'utf8');
  const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)![1]!);
  const question = {
    ...plain({ name: 'gate_open', ask: 'Is the gate open?', type: { kind: 'boolean' } }),
    deviceClass: 'door',
  };
  const device = { ...workshop, cameras: [{ ...bare('porch'), questions: [question] }] };
  const { components: sent, ...head } = announced(device).get(
    'homeassistant/device/scenecast_workshop/porch/config',
  )!;
  const keys = ['description', 'answer:gate_open'];
  expect(shown).toEqual({ ...head, components: Object.fromEntries(keys.map((key) => [key, sent[key]])) });
});
