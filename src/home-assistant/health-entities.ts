import type { Topics } from '../contract/topics.ts';
import type { Entry, HomeAssistantDevice } from './device.ts';

/** The state of the daemon, from `health`. */
export function healthEntities({ health }: HomeAssistantDevice, topics: Topics): Entry[] {
  const entry = (key: string, name: string, path: string, options: object): Entry => [
    `health:${key}`,
    {
      platform: 'sensor',
      name,
      entity_category: 'diagnostic',
      state_topic: topics.health,
      value_template: `{{ value_json.${path} }}`,
      ...options,
    },
  ];
  const problem = (key: string, name: string): Entry =>
    entry(key, name, '', {
      platform: 'binary_sensor',
      device_class: 'problem',
      value_template: `{{ 'None' if value_json.board.${key} is none else 'ON' if value_json.board.${key} else 'OFF' }}`,
    });
  const now = { state_class: 'measurement' };
  const total = { state_class: 'total_increasing' };
  const entries = [
    entry('engine', 'Engine', 'engine', { device_class: 'enum', options: ['idle', 'busy', 'failing'] }),
    entry('queue_depth', 'Frames queued', 'queue_depth', now),
    entry('described', 'Frames described', 'frames.described', total),
    entry('failed', 'Frames failed', 'frames.failed', total),
    entry('expired', 'Frames expired', 'frames.expired', total),
    entry('dropped', 'Frames dropped', 'frames.dropped', total),
  ];
  if (health.includes('outbox')) entries.push(entry('outbox_depth', 'Outbox', 'outbox.depth', now));
  if (health.includes('speed')) {
    const durationMs = { ...now, device_class: 'duration', unit_of_measurement: 'ms' };
    // None before the first description: Home Assistant shows it as unknown.
    const timing = (rank: string): string =>
      `{{ (value_json.timing_ms | default({})).${rank} | default(none) }}`;
    entries.push(
      entry('timing_p50', 'Description time (median)', '', { ...durationMs, value_template: timing('p50') }),
      entry('timing_p95', 'Description time (p95)', '', { ...durationMs, value_template: timing('p95') }),
      entry('tokens_per_second', 'Tokens per second', 'tokens_per_second | default(none)', now),
    );
  }
  if (health.includes('board')) {
    entries.push(
      // None if there is no sensor: Home Assistant shows it as unknown.
      entry('temperature', 'Temperature', 'board.temperature_c', {
        ...now,
        device_class: 'temperature',
        unit_of_measurement: '°C',
      }),
      entry('memory_available', 'Memory available', 'board.memory_available_bytes', {
        ...now,
        device_class: 'data_size',
        unit_of_measurement: 'B',
      }),
      problem('under_voltage', 'Power supply'),
      problem('clock_limited', 'CPU throttled'),
    );
  }
  if (health.includes('memory')) {
    const size = { ...now, device_class: 'data_size', unit_of_measurement: 'B' };
    entries.push(
      entry('memory_daemon', 'Memory used by daemon', 'memory.daemon_bytes', size),
      entry('memory_engine', 'Memory used by engine', 'memory.engine_bytes', size),
    );
  }
  return entries;
}
