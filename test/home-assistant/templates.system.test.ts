import { describe, expect, test } from 'vitest';
import { cameraStatusPayload, eventPayload } from '../../src/contract/payloads.ts';
import { visionPayload } from '../../src/contract/vision-payload.ts';
import { visionStates } from '../../src/domain/camera-vision.ts';
import type { CameraStatus } from '../../src/domain/observation.ts';
import type { Component } from '../../src/home-assistant/device.ts';
import { discoveryMessages } from '../../src/home-assistant/discovery.ts';
import { channelOf } from '../../tools/test/channel-of.ts';
import { jinjaLacks, renderJinja } from '../../tools/test/jinja.ts';
import { health, publishedPayloads, workshop } from './discovery-fixture.ts';

const lacks = jinjaLacks();
const [message] = discoveryMessages('homeassistant', workshop, {});
const components: Readonly<Record<string, Component>> = JSON.parse(message!.payload).components;

describe.skipIf(lacks !== null)(
  `templates${lacks === null ? '' : ` (skipped: needs Debian's ${lacks})`}`,
  () => {
    const published = publishedPayloads();

    /** The state of each entity, from the published payloads. */
    function states(): Map<string, string> {
      const readers = Object.entries(components).filter(([, { state_topic }]) => state_topic !== undefined);
      const results = renderJinja(
        readers.map(([, { state_topic, value_template }]) => ({
          template: value_template as string,
          value: published.get(state_topic as string)!,
        })),
      );
      return new Map(readers.map(([key], index) => [key, results[index]!]));
    }

    test('read the value of every entity', () => {
      const { 'front_door:event': event, 'yard:event': _, ...read } = Object.fromEntries(states());
      expect(JSON.parse(event!)).toMatchObject({
        event_type: 'failed',
        id: '01KAGX4V6Q8Z1Y2X3W4V5T6S7R',
        reason: 'it "broke"',
      });
      expect(read).toEqual({
        'front_door:description': expect.stringMatching(/^A person at the door\. Snow falls\. .*…$/),
        'front_door:status': 'ON',
        'front_door:problem': 'OFF',
        'front_door:answer:gate_open': 'OFF',
        'front_door:answer:people': '3',
        'front_door:answer:sky': 'grey',
        'front_door:answer:oddity': expect.stringMatching(
          /^A "quoted" <word>,\na second line, and much more .*…$/,
        ),
        'front_door:answer:free': 'Näh, nothing. 🙂',
        'front_door:paused': 'true',
        'front_door:interval': '1.5',
        'front_door:prompt': 'brief',
        'yard:description': expect.any(String),
        'yard:status': 'ON',
        'yard:problem': 'OFF',
        'yard:paused': 'true',
        'yard:interval': '1.5',
        'yard:prompt': 'brief',
        'health:engine': 'busy',
        'health:queue_depth': '2',
        'health:described': '4',
        'health:failed': '3',
        'health:expired': '6',
        'health:dropped': '5',
        'health:outbox_depth': '7',
        'health:timing_p50': '1500',
        'health:timing_p95': '2500.3',
        'health:tokens_per_second': '7.5',
        'health:temperature': 'None',
        'health:memory_available': '1024',
        'health:under_voltage': 'ON',
        'health:clock_limited': 'OFF',
        'health:memory_daemon': '4096',
        'health:memory_engine': '8192',
      });
    });

    test('keep every state within 255 characters, and within its options and payloads', () => {
      for (const [key, value] of states()) {
        const { platform, options, payload_on, payload_off, min, max } = components[key]!;
        if (platform !== 'event') expect([...value].length, key).toBeLessThanOrEqual(255);
        if (options) expect(options, key).toContain(value);
        if (platform === 'switch') expect([payload_on, payload_off], key).toContain(value);
        if (platform === 'binary_sensor') expect(['ON', 'OFF'], key).toContain(value);
        if (platform === 'number') {
          expect(Number(value)).toBeGreaterThanOrEqual(min as number);
          expect(Number(value)).toBeLessThanOrEqual(max as number);
        }
      }
    });

    test('read availability from the status topics', () => {
      const lists = Object.values(components).flatMap(
        ({ availability = [] }) => availability as { topic: string; value_template: string }[],
      );
      const jobs = lists.map(({ topic, value_template }) => ({
        template: value_template,
        value: published.get(topic)!,
      }));
      expect(new Set(renderJinja(jobs))).toEqual(new Set(['online']));
      const offline = JSON.stringify({ state: 'offline', problem: null, reason: 'unplugged' });
      expect(renderJinja([{ template: lists[0]!.value_template, value: offline }])).toEqual(['offline']);
    });

    test('make descriptions and answers unavailable that hold no longer', () => {
      for (const key of ['front_door:description', 'front_door:answer:gate_open']) {
        const { availability: list } = components[key]!;
        const template = (list as { value_template: string }[])[1]!.value_template;
        const jobs = visionStates.map((state) => {
          const vision = { state, since: new Date(), reason: state === 'current' ? null : 'as it is' };
          return { template, value: JSON.stringify(visionPayload(vision)) };
        });
        expect(renderJinja(jobs)).toEqual(['online', 'offline', 'offline', 'offline']);
      }
    });

    test('report a camera with a problem', () => {
      const problem = components['front_door:problem']!['value_template'] as string;
      const shown = (status: CameraStatus): string[] => {
        const value = JSON.stringify(cameraStatusPayload(status));
        return renderJinja([{ template: problem, value }]);
      };
      const reason = 'as it is';
      expect(shown({ state: 'online', problem: null, reason: null })).toEqual(['OFF']);
      expect(shown({ state: 'online', problem: 'frozen', reason })).toEqual(['ON']);
      expect(shown({ state: 'online', problem: 'black', reason })).toEqual(['ON']);
      expect(shown({ state: 'offline', problem: null, reason })).toEqual(['ON']);
    });

    test('pass only the events that Home Assistant knows', () => {
      const { value_template, event_types } = components['front_door:event']!;
      const types = ['captured', 'described', 'unchanged', 'failed', 'expired'] as const;
      const results = renderJinja(
        types.map((type) => ({
          template: value_template as string,
          value: JSON.stringify(
            eventPayload(
              { type, id: '01KAGX4V6Q8Z1Y2X3W4V5T6S7R', camera: 'front_door', reason: '<b>' } as never,
              new Date(),
            ),
          ),
        })),
      );
      const passed = types.filter((_, index) => results[index] !== '');
      expect(passed).toEqual(event_types);
      for (const result of results.filter((text) => text !== '')) {
        expect(event_types).toContain(JSON.parse(result).event_type);
      }
    });

    test('show a known temperature and a true answer', () => {
      const value_template = (key: string): string => components[key]!['value_template'] as string;
      expect(
        renderJinja([
          { template: value_template('health:temperature'), value: JSON.stringify(health(61.52)) },
          { template: value_template('front_door:answer:gate_open'), value: '{"value":true}' },
          { template: value_template('front_door:paused'), value: '{"paused":false}' },
          { template: value_template('health:under_voltage'), value: '{"board":{"under_voltage":null}}' },
          { template: value_template('health:under_voltage'), value: '{"board":{"under_voltage":false}}' },
          { template: value_template('front_door:status'), value: '{"state":"offline","reason":"x"}' },
        ]),
      ).toEqual(['61.5', 'ON', 'false', 'None', 'OFF', 'OFF']);
    });

    test('show the speed as unknown until something is described', () => {
      const keys = ['health:timing_p50', 'health:timing_p95', 'health:tokens_per_second'];
      const value = JSON.stringify(health(null, {}));
      const jobs = keys.map((key) => ({ template: components[key]!['value_template'] as string, value }));
      expect(renderJinja(jobs)).toEqual(['None', 'None', 'None']);
    });

    test('send commands that the contract accepts', () => {
      const commands = Object.entries(components).flatMap(([key, component]) => {
        const { platform, command_topic, command_template = '{{ value }}' } = component;
        if (command_topic === undefined) return [];
        const values = {
          button: [component['payload_press']],
          switch: [component['payload_on'], component['payload_off']],
          // Home Assistant sends whole numbers without a point.
          number: [component['min'], component['max'], 30],
          select: component['options'],
        }[platform] as (string | number)[];
        return values.map((value) => ({
          key,
          topic: command_topic as string,
          template: command_template as string,
          value,
        }));
      });
      expect(new Set(commands.map(({ key }) => key.replace(/^\w+:/, '')))).toEqual(
        new Set(['describe', 'paused', 'interval', 'prompt']),
      );
      const payloads = renderJinja(commands);
      for (const [index, { key, topic }] of commands.entries()) {
        const parsed = channelOf(topic)!.payload!.safeParse(JSON.parse(payloads[index]!));
        expect(parsed.success, `${key}: ${payloads[index]}`).toBe(true);
      }
      expect(payloads).toEqual(
        expect.arrayContaining(['{"camera":"front_door"}', 'true', '0.1', '30', '"brief"']),
      );
    });
  },
);
