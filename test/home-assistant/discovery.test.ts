import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Component, HomeAssistantDevice } from '../../src/home-assistant/device.ts';
import { announcedComponents, discoveryMessages } from '../../src/home-assistant/discovery.ts';
import { channelOf } from '../../tools/test/channel-of.ts';
import { discoverySchema } from '../../tools/test/home-assistant-schema.ts';
import { workshop } from './discovery-fixture.ts';

function announce(
  device: HomeAssistantDevice,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, Component>>[] {
  return discoveryMessages('homeassistant', device, earlier).map(({ topic, payload }) => {
    expect(topic).toBe(`homeassistant/device/scenecast_${device.device}/config`);
    const message = JSON.parse(payload);
    discoverySchema.parse(message);
    return message.components;
  });
}

function componentsOf(device: HomeAssistantDevice): Readonly<Record<string, Component>> {
  const [components, ...more] = announce(device);
  expect(more).toEqual([]);
  return components!;
}

const components = componentsOf(workshop);
const porch = { name: 'porch', title: null, images: false, questions: [] };

test('one retained message announces the device with all its entities', () => {
  const [message] = discoveryMessages('homeassistant', workshop, {});
  expect(JSON.parse(message!.payload)).toMatchObject({
    device: {
      identifiers: ['scenecast_workshop'],
      name: 'workshop',
      manufacturer: 'Scenecast',
      model: 'demo (F16)',
      sw_version: '0.1.0',
    },
    origin: { name: 'Scenecast', sw_version: '0.1.0' },
    availability: [{ topic: 'scenecast/workshop/status' }],
    availability_mode: 'all',
    qos: 1,
  });
  expect(Object.entries(components).map(([key, { platform }]) => `${platform} ${key}`)).toEqual([
    'sensor front_door:description',
    'event front_door:event',
    'binary_sensor front_door:status',
    'binary_sensor front_door:problem',
    'image front_door:image',
    'binary_sensor front_door:answer:gate_open',
    'sensor front_door:answer:people',
    'sensor front_door:answer:sky',
    'sensor front_door:answer:oddity',
    'sensor front_door:answer:free',
    'button front_door:describe',
    'switch front_door:paused',
    'number front_door:interval',
    'select front_door:prompt',
    'sensor yard:description',
    'event yard:event',
    'binary_sensor yard:status',
    'binary_sensor yard:problem',
    'button yard:describe',
    'switch yard:paused',
    'number yard:interval',
    'select yard:prompt',
    'sensor health:engine',
    'sensor health:queue_depth',
    'sensor health:described',
    'sensor health:failed',
    'sensor health:expired',
    'sensor health:dropped',
    'sensor health:outbox_depth',
    'sensor health:timing_p50',
    'sensor health:timing_p95',
    'sensor health:tokens_per_second',
    'sensor health:temperature',
    'sensor health:memory_available',
    'binary_sensor health:under_voltage',
    'binary_sensor health:clock_limited',
    'sensor health:memory_daemon',
    'sensor health:memory_engine',
  ]);
});

test('the discovery prefix comes from the config', () => {
  expect(discoveryMessages('ha', workshop, {})[0]?.topic).toBe('ha/device/scenecast_workshop/config');
});

test('what is not published or not allowed is not announced', () => {
  const bare = componentsOf({
    ...workshop,
    cameras: [porch],
    takesRequests: false,
    settable: [],
    health: [],
  });
  expect(Object.keys(bare).filter((key) => key.startsWith('porch'))).toEqual([
    'porch:description',
    'porch:event',
    'porch:status',
    'porch:problem',
  ]);
  expect(
    Object.keys(bare).filter((key) => /outbox|temperature|memory|voltage|timing|tokens|clock/.test(key)),
  ).toEqual([]);
  const pausable = componentsOf({ ...workshop, cameras: [porch], settable: ['paused'] });
  expect(Object.keys(pausable)).toContain('porch:paused');
  expect(Object.keys(pausable)).not.toContain('porch:interval');
});

test('every topic is in the contract, with the right direction', () => {
  for (const [key, component] of Object.entries(components)) {
    const { availability = [] } = component as { availability?: { topic: string }[] };
    const named = Object.entries(component).flatMap(([option, topic]) =>
      option.endsWith('_topic') ? [[option, topic as string] as const] : [],
    );
    expect(named.length, key).toBeGreaterThan(0);
    const topics = [...named, ...availability.map(({ topic }) => ['availability', topic] as const)];
    for (const [option, topic] of topics) {
      const channel = channelOf(topic);
      expect(channel?.direction, `${key} ${option} ${topic}`).toBe(option === 'command_topic' ? 'in' : 'out');
      if (option === 'state_topic' && component.platform !== 'event') expect(channel?.retain).toBe(true);
    }
  }
});

test('what a camera shows depends on its vision too; its controls depend on the status of the device only', () => {
  const both = ['scenecast/workshop/status', 'scenecast/workshop/front_door/vision'];
  const topicsOf = (key: string): unknown =>
    (components[key]?.['availability'] as { topic: string }[] | undefined)?.map(({ topic }) => topic);
  for (const key of ['description', 'image', 'answer:people']) {
    expect(topicsOf(`front_door:${key}`), key).toEqual(both);
  }
  for (const key of ['event', 'status', 'describe', 'paused', 'interval', 'prompt']) {
    expect(topicsOf(`front_door:${key}`), key).toBeUndefined();
  }
});

test('ids are unique, and do not depend on texts or order', () => {
  const ids = (device: HomeAssistantDevice): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(componentsOf(device)).map(([key, component]) => [
        key,
        [component['unique_id'], component['default_entity_id']],
      ]),
    );
  const before = ids(workshop);
  expect(before['front_door:answer:gate_open']).toEqual([
    'scenecast:workshop:front_door:answer:gate_open',
    'binary_sensor.workshop_front_door_answer_gate_open',
  ]);
  expect(new Set(Object.values(before).map(String)).size).toBe(Object.keys(before).length);
  const renamed = {
    ...workshop,
    version: '9.9.9',
    model: 'another',
    prompts: ['default', 'long', 'brief'],
    cameras: workshop.cameras
      .map((camera) => ({
        ...camera,
        questions: camera.questions
          .map((question) => ({ ...question, ask: `${question.ask} Really?` }))
          .reverse(),
      }))
      .reverse(),
  };
  expect(ids(renamed)).toEqual(before);
});

test('names that differ only in where their words are split have distinct keys', () => {
  const question = (name: string) => ({ name, ask: '?' });
  const keys = Object.keys(
    componentsOf({
      ...workshop,
      cameras: [
        { name: 'a', title: null, images: false, questions: [question('b_c'), question('event')] },
        { name: 'a_b', title: null, images: false, questions: [question('c')] },
      ],
    }),
  );
  expect(keys).toEqual(
    expect.arrayContaining(['a:answer:b_c', 'a_b:answer:c', 'a:answer:event', 'a:event', 'a_b:event']),
  );
});

test('a removed entity is sent once with its platform only, and left out afterwards', () => {
  const earlier = announcedComponents(discoveryMessages('homeassistant', workshop, {})[0]!.payload);
  expect(earlier['front_door:answer:people']).toBe('sensor');
  const now = { ...workshop, cameras: [{ ...workshop.cameras[0]!, questions: [], images: false }] };
  const [removing, after, ...more] = announce(now, earlier);
  expect(more).toEqual([]);
  for (const key of ['yard:description', 'yard:paused', 'front_door:image', 'front_door:answer:people']) {
    expect(removing?.[key], key).toEqual({ platform: earlier[key] });
    expect(after).not.toHaveProperty([key]);
  }
  expect(removing?.['front_door:description']).toEqual(after?.['front_door:description']);
  expect(after).toEqual(componentsOf(now));
});

test('a question whose type changes is removed with the old platform and added with the new one', () => {
  const question = { name: 'people', ask: 'Is anybody there?', type: { kind: 'boolean' } } as const;
  const before = { 'porch:answer:people': 'sensor' };
  const [removing, after] = announce({ ...workshop, cameras: [{ ...porch, questions: [question] }] }, before);
  expect(removing?.['porch:answer:people']).toEqual({ platform: 'sensor' });
  expect(after?.['porch:answer:people']).toMatchObject({ platform: 'binary_sensor' });
});

test('earlier components are read from a removing message too, and from nothing but announcements', () => {
  const [removing] = discoveryMessages('homeassistant', workshop, { 'shed:event': 'event' });
  expect(announcedComponents(removing!.payload)['shed:event']).toBe('event');
  for (const payload of ['', 'null', '[]', '{', '{"components":null}', '{"components":{"a":1,"b":null}}']) {
    expect(announcedComponents(payload), payload).toEqual({});
  }
});

test('docs/home-assistant.md shows the message that is sent', () => {
  const page = readFileSync(new URL('../../docs/home-assistant.md', import.meta.url), 'utf8');
  const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)![1]!);
  const question = { name: 'gate_open', ask: 'Is the gate open?', type: { kind: 'boolean' } } as const;
  const device = { ...workshop, cameras: [{ ...porch, questions: [question] }] };
  const { components: sent, ...head } = JSON.parse(
    discoveryMessages('homeassistant', device, {})[0]!.payload,
  );
  const keys = ['porch:description', 'porch:answer:gate_open'];
  expect(shown).toEqual({ ...head, components: Object.fromEntries(keys.map((key) => [key, sent[key]])) });
});

test('entities have the name that the config gives a camera', () => {
  const named = componentsOf({ ...workshop, cameras: [{ ...workshop.cameras[0]!, title: 'Küche (Süd)' }] });
  expect(named['front_door:description']).toMatchObject({ name: 'Küche (Süd) description' });
  expect(named['front_door:answer:gate_open']).toMatchObject({ name: 'Küche (Süd) gate open' });
  expect(named['front_door:paused']).toMatchObject({ name: 'Küche (Süd) paused' });
});
