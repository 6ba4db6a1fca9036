import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cameraStatusPayload, eventPayload } from '../../src/contract/payloads.ts';
import { alertPayload, raisedAlertPayload } from '../../src/contract/rule-payloads.ts';
import { visionPayload } from '../../src/contract/vision-payload.ts';
import { visionStates } from '../../src/domain/camera-vision.ts';
import type { CameraStatus } from '../../src/domain/observation.ts';
import type { Component } from '../../src/home-assistant/device.ts';
import { discoveryMessages } from '../../src/home-assistant/discovery.ts';
import { channelOf } from '../../tools/test/channel-of.ts';
import { jinjaLacks, renderJinja } from '../../tools/test/jinja.ts';
import { alert, health, publishedPayloads, workshop } from './discovery-fixture.ts';

const lacks = jinjaLacks();
/** Components of the board by their key, those of cameras with the camera in front. */
const components: Readonly<Record<string, Component>> = Object.fromEntries(
  discoveryMessages('homeassistant', workshop).flatMap(({ topic, payload }) => {
    const [, camera] = /workshop\/(\w+)\/config$/.exec(topic) ?? [];
    const all: Record<string, Component> = JSON.parse(payload).components;
    return Object.entries(all).map(([key, component]) => [camera ? `${camera}:${key}` : key, component]);
  }),
);

describe.skipIf(lacks !== null)(
  `templates${lacks === null ? '' : ` (skipped: needs Debian's ${lacks})`}`,
  () => {
    const published = publishedPayloads();

    /** The state of each entity, from the published payloads. */
    function states(published = publishedPayloads()): Map<string, string> {
      const readers = Object.entries(components).filter(([, { state_topic }]) => state_topic !== undefined);
      const results = renderJinja(
        readers.map(([, { state_topic, value_template }]) => ({
          template: value_template as string,
          value: published.get(state_topic as string)!,
        })),
      );
      return new Map(readers.map(([key], index) => [key, results[index]!]));
    }

    /** The attributes of each entity that has some. */
    function attributes(published = publishedPayloads()): Map<string, Record<string, unknown>> {
      const readers = Object.entries(components).filter(
        ([, { json_attributes_topic }]) => json_attributes_topic !== undefined,
      );
      const results = renderJinja(
        readers.map(([, { json_attributes_topic, json_attributes_template }]) => ({
          template: json_attributes_template as string,
          value: published.get(json_attributes_topic as string)!,
        })),
      );
      return new Map(readers.map(([key], index) => [key, JSON.parse(results[index]!)]));
    }

    test('give the same state and attributes if a second look finds the same', () => {
      const first = publishedPayloads('first');
      const second = publishedPayloads('second');
      // Otherwise this test could not fail.
      for (const topic of ['description', 'answer/gate_open'])
        expect(second.get(`scenecast/workshop/front_door/${topic}`)).not.toBe(
          first.get(`scenecast/workshop/front_door/${topic}`),
        );
      const changed = (before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] =>
        [...after].flatMap(([key, value]) => (isDeepStrictEqual(before.get(key), value) ? [] : [key]));
      const described = ['front_door:last_described', 'yard:last_described'];
      expect(changed(states(first), states(second))).toEqual(described);
      // A new picture is a new state, too.
      expect(changed(attributes(first), attributes(second)).sort()).toEqual(
        ['front_door:image', ...described].sort(),
      );
    });

    test('have no attributes but what is shown nowhere else', () => {
      const shown = [...attributes()].map(([key, all]) => `${key}: ${Object.keys(all)}`);
      expect(shown.filter((line) => !line.startsWith('yard:'))).toEqual([
        'health:problem: reason',
        'front_door:description: description',
        'front_door:last_described: id',
        'front_door:status: reason',
        'front_door:problem: problem,reason',
        'front_door:image: id',
        'front_door:answer:oddity: value',
        'front_door:answer:free: value',
      ]);
    });

    test.each(['🙂', '\u0001', 'a "quoted"\n'])('keep attributes within 16,384 bytes: %j', (piece) => {
      const text = piece.repeat(20_000);
      const jobs = ['description', 'answer:free'].map((key) => ({
        template: components[`front_door:${key}`]!['json_attributes_template'] as string,
        value: JSON.stringify({ description: text, value: text }),
      }));
      for (const result of renderJinja(jobs)) {
        const [value] = Object.values(JSON.parse(result) as Record<string, string>);
        expect(text.startsWith(value!.replace(/…$/, ''))).toBe(true);
        // With room for the name, icon and so on.
        expect(Buffer.byteLength(JSON.stringify({ value }))).toBeLessThan(16_384 - 600);
      }
    });

    test('show an answer None as a word, and null as unknown', () => {
      const keys = ['answer:sky', 'answer:oddity', 'answer:free'];
      const shown = (value: unknown): string[] =>
        renderJinja(
          keys.map((key) => ({
            template: components[`front_door:${key}`]!['value_template'] as string,
            value: JSON.stringify({ value }),
          })),
        );
      expect(new Set(shown('None'))).toEqual(new Set(['none']));
      expect(new Set(shown(' None\n'))).toEqual(new Set(['none']));
      expect(new Set(shown('None of them'))).toEqual(new Set(['None of them']));
      expect(new Set(shown(null))).toEqual(new Set(['None']));
      const { value_template } = components['front_door:description']!;
      const job = (summary: string | null) => ({
        template: value_template as string,
        value: JSON.stringify({ summary }),
      });
      expect(renderJinja([job('None'), job(null)])).toEqual(['none', 'None']);
      const open = components['front_door:answer:gate_open']!['value_template'] as string;
      expect(renderJinja([{ template: open, value: '{"value":null}' }])).toEqual(['None']);
      const sure = components['front_door:confidence:gate_open']!['value_template'] as string;
      expect(renderJinja([{ template: sure, value: '{"value":true,"confidence":null}' }])).toEqual(['None']);
    });

    test('show a prompt named none, and send its name', () => {
      const { value_template, command_template } = components['front_door:prompt']!;
      const names = ['none', 'None', 'nonesuch', 'brief'];
      const options = renderJinja(
        names.map((prompt) => ({
          template: value_template as string,
          value: JSON.stringify({ prompt }),
        })),
      );
      expect(options).toEqual(['none (prompt)', 'None (prompt)', 'nonesuch', 'brief']);
      const sent = renderJinja(options.map((value) => ({ template: command_template as string, value })));
      expect(sent.map((payload) => JSON.parse(payload))).toEqual(names);
    });

    test('show the newest answer, and send another one as the right one', () => {
      const sky = components['front_door:correct:sky']!;
      const people = components['front_door:correct:people']!;
      expect(sky['options']).toEqual(['clear', 'grey', 'none (answer)']);
      const state = ({ value_template }: Component, value: unknown) => ({
        template: value_template as string,
        value: JSON.stringify({ value }),
      });
      expect(renderJinja([state(sky, 'grey'), state(sky, 'none'), state(sky, null)])).toEqual([
        ...['grey', 'none (answer)', 'None'],
      ]);
      expect(renderJinja([state(people, 3), state(people, null)])).toEqual(['3', 'None']);
      const command = ({ command_template }: Component, value: string | number) => ({
        template: command_template as string,
        value,
      });
      const sent = renderJinja([
        ...[command(sky, 'none (answer)'), command(people, 3), command(people, 4.0), command(people, '5.0')],
      ]);
      expect(sent.map((payload) => JSON.parse(payload))).toEqual([
        { camera: 'front_door', question: 'sky', value: 'none' },
        ...[3, 4, 5].map((value) => ({ camera: 'front_door', question: 'people', value })),
      ]);
    });

    test('have no attributes of a picture that was cleared', () => {
      const template = components['front_door:image']!['json_attributes_template'] as string;
      expect(renderJinja([{ template, value: '' }])).toEqual(['{}']);
    });

    test('report what is wrong with the board', () => {
      const { value_template, json_attributes_template } = components['health:problem']!;
      const shown = (fields: object): unknown[] => {
        const value = JSON.stringify({ ...health(null), ...fields });
        const [state, all] = renderJinja(
          [value_template, json_attributes_template].map((template) => ({
            template: template as string,
            value,
          })),
        );
        return [state, JSON.parse(all!).reason];
      };
      const outbox = { depth: 7, dropped: 0, damaged: 0, fault: 'disk full' };
      expect(shown({})).toEqual(['OFF', null]);
      expect(shown({ outbox: undefined })).toEqual(['OFF', null]);
      expect(shown({ engine: 'failing' })).toEqual(['ON', 'the last description failed']);
      expect(shown({ outbox })).toEqual(['ON', 'the outbox cannot be written: disk full']);
      const remote = (state: string) => ({
        engine: 'failing',
        remote_engine: { state, reason: 'HTTP 500', retry_at: null },
      });
      expect(shown(remote('failing'))).toEqual(['ON', 'the engine server fails: HTTP 500']);
      expect(shown(remote('ok'))).toEqual(['ON', 'the last description failed']);
    });

    test('do not show the time of a description whose clock was not set', () => {
      const { value_template } = components['yard:last_described']!;
      const captured_at = '1970-01-01T00:01:00.000Z';
      const value = JSON.stringify({ captured_at, clock: 'unset' });
      expect(renderJinja([{ template: value_template as string, value }])).toEqual(['None']);
    });

    test('read the value of every entity', () => {
      const {
        'front_door:event': event,
        'yard:event': _,
        'front_door:alert': raised,
        ...read
      } = Object.fromEntries(states());
      expect(JSON.parse(raised!)).toMatchObject({
        event_type: 'gate_left_open on',
        summary: 'The gate is "open".',
      });
      expect(JSON.parse(event!)).toMatchObject({
        event_type: 'failed',
        id: '01KAGX4V6Q8Z1Y2X3W4V5T6S7R',
        reason: 'it "broke"',
      });
      expect(read).toEqual({
        'front_door:description': expect.stringMatching(/^A person at the door\. Snow falls\. .*…$/),
        'front_door:last_described': '2026-11-22T12:00:00.000Z',
        'yard:last_described': '2026-11-22T12:00:00.000Z',
        'front_door:status': 'ON',
        'front_door:problem': 'OFF',
        'front_door:answer:gate_open': 'OFF',
        'front_door:answer:people': '3',
        'front_door:answer:sky': 'grey',
        'front_door:answer:day': 'day',
        'front_door:correct:people': '3',
        'front_door:correct:sky': 'grey',
        'front_door:answer:oddity': expect.stringMatching(
          /^A "quoted" <word>,\na second line, and much more .*…$/,
        ),
        'front_door:answer:free': 'Näh, nothing. 🙂',
        'front_door:rule:gate_left_open': 'ON',
        'front_door:rule:crowd': 'OFF',
        'front_door:rule:dark': 'None',
        'front_door:confidence:gate_open': '98.77',
        'front_door:confidence:people': '40.0',
        'front_door:confidence:sky': '50.0',
        'front_door:confidence:day': '90.0',
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
        'health:problem': 'OFF',
        'health:timing_p50': '1.5',
        'health:timing_p95': '2.5',
        'health:tokens_per_second': '7.5',
        'health:temperature': 'None',
        'health:memory_available': '3072',
        'health:under_voltage': 'ON',
        'health:clock_limited': 'OFF',
        'health:memory_daemon': '114',
        'health:memory_engine': 'None',
      });
    });

    test('keep every state within 255 characters, and within its options and payloads', () => {
      for (const [key, value] of states()) {
        const { platform, options, payload_on, payload_off, min, max } = components[key]!;
        if (platform !== 'event') expect([...value].length, key).toBeLessThanOrEqual(255);
        if (options) expect(options, key).toContain(value);
        if (platform === 'switch') expect([payload_on, payload_off], key).toContain(value);
        if (platform === 'binary_sensor') expect(['ON', 'OFF', 'None'], key).toContain(value);
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

    test('pass alerts when they are raised, but not late ones', () => {
      const { value_template, event_types } = components['front_door:alert']!;
      const raised = raisedAlertPayload(alert, null);
      const minuteMs = 60_000;
      const sent = (afterMs: number) =>
        alertPayload(raised, new Date(alert.at.getTime() + afterMs), minuteMs);
      const watch = { ...sent(0), rule: null, watch: '01KAGX4V6Q8Z1Y2X3W4V5T6S7R' };
      const [now, late, watched] = renderJinja(
        [sent(minuteMs), sent(minuteMs + 1), watch].map((payload) => ({
          template: value_template as string,
          value: JSON.stringify(payload),
        })),
      );
      expect(event_types).toContain(JSON.parse(now!).event_type);
      expect([late, watched]).toEqual(['', '']);
    });

    test('show a known temperature and a true answer', () => {
      const value_template = (key: string): string => components[key]!['value_template'] as string;
      expect(
        renderJinja([
          { template: value_template('health:temperature'), value: JSON.stringify(health(61.52)) },
          { template: value_template('front_door:answer:gate_open'), value: '{"value":true}' },
          { template: value_template('front_door:paused'), value: '{"paused":false}' },
          { template: value_template('health:under_voltage'), value: '{"board":{"under_voltage":false}}' },
          { template: value_template('front_door:status'), value: '{"state":"offline","reason":"x"}' },
        ]),
      ).toEqual(['61.5', 'ON', 'false', 'OFF', 'OFF']);
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
        new Set([
          ...['describe', 'paused', 'interval', 'prompt', 'restart'],
          ...['right:gate_open', 'wrong:gate_open', 'right:people', 'correct:people'],
          ...['right:sky', 'correct:sky', 'right:day', 'wrong:day'],
        ]),
      );
      const payloads = renderJinja(commands);
      for (const [index, { key, topic }] of commands.entries()) {
        const parsed = channelOf(topic)!.payload!.safeParse(JSON.parse(payloads[index]!));
        expect(parsed.success, `${key}: ${payloads[index]}`).toBe(true);
      }
      expect(payloads).toEqual(
        expect.arrayContaining([
          '{"what":"daemon"}',
          '{"camera":"front_door"}',
          'true',
          '0.1',
          '30',
          '"brief"',
        ]),
      );
    });
  },
);
