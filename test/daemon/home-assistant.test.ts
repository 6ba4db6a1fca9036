import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { type AnnouncedFacts, announcedDevice } from '../../src/daemon/home-assistant.ts';

const facts: AnnouncedFacts = {
  board: 'Radxa Orion O6',
  model: 'demo (F16)',
  readings: {
    temperatureC: 51,
    memoryAvailableBytes: 1,
    memoryTotalBytes: 2,
    clockLimited: false,
    underVoltage: null,
  },
  hasEngine: true,
  isSupervised: true,
};
const keys = {
  device: 'workshop',
  cameras: {
    porch: {
      name: 'Front porch',
      source: { type: 'http', url: 'http://192.168.1.22/snapshot.jpg' },
      questions: {
        gate_open: { ask: 'Open?', type: 'boolean', name: 'Gate', device_class: 'door' },
        people: { ask: 'How many?', type: 'integer', max: 9 },
        free: { ask: 'What?' },
      },
      rules: {
        crowd: { when: 'people >= 4', name: 'Many people', device_class: 'occupancy' },
        gate_left_open: { when: 'gate_open', hold: '5m' },
      },
    },
  },
};
const configOf = (more: object = {}) => parseConfig(JSON.stringify({ ...keys, ...more }), 'c.yaml');

test('what is announced has the names and classes of the config', () => {
  const { title, cameras } = announcedDevice(configOf({ name: 'My workshop' }), facts);
  expect(title).toBe('My workshop');
  expect(cameras).toEqual([
    {
      name: 'porch',
      title: 'Front porch',
      source: 'http',
      images: false,
      takesFeedback: false,
      rules: [
        { name: 'crowd', title: 'Many people', deviceClass: 'occupancy' },
        { name: 'gate_left_open', title: null, deviceClass: null },
      ],
      questions: [
        { name: 'gate_open', ask: 'Open?', type: { kind: 'boolean' }, title: 'Gate', deviceClass: 'door' },
        {
          name: 'people',
          ask: 'How many?',
          type: { kind: 'integer', min: 0, max: 9 },
          title: null,
          deviceClass: null,
        },
        { name: 'free', ask: 'What?', title: null, deviceClass: null },
      ],
    },
  ]);
});

test('what the board cannot read is left out, and so is the memory of an engine that it does not have', () => {
  const readings = (more: Partial<AnnouncedFacts>): readonly string[] =>
    announcedDevice(configOf(), { ...facts, ...more }).readings;
  expect(readings({})).toEqual(['temperature', 'clock_limited', 'engine_memory']);
  const nothing = { ...facts.readings, temperatureC: null, clockLimited: null };
  expect(readings({ readings: nothing, hasEngine: false })).toEqual([]);
  expect(readings({ readings: { ...nothing, underVoltage: false } })).toEqual([
    'under_voltage',
    'engine_memory',
  ]);
});

test('the daemon can be restarted if systemd runs it and the config allows it', () => {
  const forbidden = configOf({ mqtt: { commands: { restart: false } } });
  expect(announcedDevice(configOf(), facts).isRestartable).toBe(true);
  expect(announcedDevice(configOf(), { ...facts, isSupervised: false }).isRestartable).toBe(false);
  expect(announcedDevice(forbidden, facts).isRestartable).toBe(false);
});
