import { expect, test } from 'vitest';
import type { HomeAssistantDevice } from '../../src/home-assistant/device.ts';
import { discoveryMessages } from '../../src/home-assistant/discovery.ts';
import { transition } from '../../src/home-assistant/transition.ts';
import { HomeAssistant } from '../../tools/test/home-assistant.ts';
import { workshop } from './discovery-fixture.ts';
import singleDevice from './single-device.json' with { type: 'json' };

const board = 'homeassistant/device/scenecast_workshop/config';
const yard = 'homeassistant/device/scenecast_workshop/yard/config';

/** A broker, and a Home Assistant that hears everything. */
class House {
  readonly homeAssistant = new HomeAssistant();
  readonly retained = new Map<string, string>();

  receive(topic: string, payload: string, retain = true): void {
    if (retain && payload === '') this.retained.delete(topic);
    else if (retain) this.retained.set(topic, payload);
    this.homeAssistant.receive({ topic, payload });
  }

  announce(device: HomeAssistantDevice | null): number {
    const next = device ? discoveryMessages('homeassistant', device) : [];
    const groups = transition(this.retained, next);
    for (const { topic, payload, retain } of groups.flat()) this.receive(topic, payload, retain);
    for (const { topic, payload } of next) this.receive(topic, payload);
    expect(this.homeAssistant.errors).toEqual([]);
    expect(this.homeAssistant.leftover).toEqual([]);
    return groups.length;
  }
}

/** Unique ids by device. */
function placesIn({ registry }: HomeAssistant): Record<string, string[]> {
  const devices = Map.groupBy(registry, ([, { device }]) => device);
  return Object.fromEntries(
    [...devices].map(([device, entries]) => [device, entries.map(([id]) => id).toSorted()]),
  );
}

test('nothing has to be replaced if nothing, or the same, was announced before', () => {
  const house = new House();
  expect(house.announce(workshop)).toBe(0);
  expect(house.announce(workshop)).toBe(0);
  expect(house.announce({ ...workshop, version: '9.9.9', title: 'Workshop' })).toBe(0);
});

test('the single device of earlier versions becomes one for the board and one for each camera', () => {
  const house = new House();
  house.receive(board, JSON.stringify(singleDevice));
  const { registry } = house.homeAssistant;
  const before = house.homeAssistant.entityIds;
  registry.get('sensor scenecast:workshop:front_door:description')!.entityId = 'sensor.porch_says';

  expect(house.announce(workshop)).toBe(1);
  const fresh = new House();
  fresh.announce(workshop);
  // The same entities on the same devices as without a history.
  expect(placesIn(house.homeAssistant)).toEqual(placesIn(fresh.homeAssistant));
  // With the ids that they had: those of the config's names, and those that a person has given them.
  for (const [id, entityId] of Object.entries(house.homeAssistant.entityIds))
    if (id === 'sensor scenecast:workshop:front_door:description') expect(entityId).toBe('sensor.porch_says');
    else if (id in before) expect(entityId).toBe(before[id]);
  expect(Object.keys(before).filter((id) => registry.has(id))).toHaveLength(38);
  expect([...house.retained.keys()]).toEqual(
    discoveryMessages('homeassistant', workshop).map(({ topic }) => topic),
  );
});

test('entities that the single device had, and that are gone, are removed and not only unloaded', () => {
  const house = new House();
  house.receive(board, JSON.stringify(singleDevice));
  const front = workshop.cameras[0]!;
  const people = { ...front.questions[1]!, type: { kind: 'boolean' } } as const;
  const fewer = { ...workshop, readings: [], cameras: [{ ...front, questions: [people], images: false }] };
  expect(house.announce(fewer)).toBe(2);
  const ids = Object.keys(house.homeAssistant.entityIds);
  expect(ids).toContain('binary_sensor scenecast:workshop:front_door:answer:people');
  for (const gone of [
    'yard',
    'answer:sky',
    'image',
    'temperature',
    'sensor scenecast:workshop:front_door:answer:people',
  ])
    expect(
      ids.filter((id) => id.startsWith(gone) || id.includes(`:${gone}`)),
      gone,
    ).toEqual([]);
});

test('without unloading them first, Home Assistant would refuse the entities that move', () => {
  const house = new House();
  house.receive(board, JSON.stringify(singleDevice));
  for (const { topic, payload } of discoveryMessages('homeassistant', workshop))
    house.receive(topic, payload);
  expect(house.homeAssistant.errors.length).toBeGreaterThan(20);
});

test('a removed camera, question or setting is removed, and the others stay as they are', () => {
  const house = new House();
  house.announce(workshop);
  const [front] = workshop.cameras;
  const now = { ...workshop, settable: [], cameras: [{ ...front!, questions: front!.questions.slice(1) }] };
  expect(house.announce(now)).toBe(1);
  const ids = Object.keys(house.homeAssistant.entityIds);
  expect(ids.filter((id) => id.includes(':yard:'))).toEqual([]);
  expect(ids).not.toContain('binary_sensor scenecast:workshop:front_door:answer:gate_open');
  expect(ids).not.toContain('switch scenecast:workshop:front_door:paused');
  expect(ids).toContain('sensor scenecast:workshop:front_door:answer:people');
  expect(house.retained.has(yard)).toBe(false);
});

test('a question whose type changes is removed with the old platform and added with the new one', () => {
  const house = new House();
  house.announce(workshop);
  const [front, other] = workshop.cameras;
  const sky = {
    name: 'sky',
    ask: 'Is it clear?',
    title: null,
    deviceClass: null,
    type: { kind: 'boolean' },
  } as const;
  house.announce({ ...workshop, cameras: [{ ...front!, questions: [sky] }, other!] });
  const ids = Object.keys(house.homeAssistant.entityIds).filter((id) => id.endsWith('answer:sky'));
  expect(ids).toEqual(['binary_sensor scenecast:workshop:front_door:answer:sky']);
});

test('if announcements are switched off, nothing is left', () => {
  const house = new House();
  house.announce(workshop);
  house.announce(null);
  expect(house.homeAssistant.entityIds).toEqual({});
  expect(house.retained.size).toBe(0);
  expect(transition(house.retained, [])).toEqual([]);
});

test('what is interrupted between its messages is completed at the next start', () => {
  const messages = (retained: ReadonlyMap<string, string>) =>
    transition(retained, discoveryMessages('homeassistant', workshop)).flat();
  const all = messages(new Map([[board, JSON.stringify(singleDevice)]]));
  for (let sent = 0; sent <= all.length; sent++) {
    const house = new House();
    house.receive(board, JSON.stringify(singleDevice));
    for (const { topic, payload, retain } of all.slice(0, sent)) house.receive(topic, payload, retain);
    house.announce(workshop);
    expect(Object.values(house.homeAssistant.entityIds)).toContain('sensor.workshop_front_door_description');
  }
});

test('a retained payload that is no announcement is overwritten', () => {
  for (const payload of ['null', '[]', '{', '{"components":null}', '{"components":{"a":1,"b":null}}'])
    expect(transition(new Map([[board, payload]]), discoveryMessages('homeassistant', workshop))).toEqual([]);
});
