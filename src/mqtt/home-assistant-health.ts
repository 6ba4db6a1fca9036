import type { Topics } from '../contract/topics.ts';
import type { Entry, HomeAssistantDevice } from './home-assistant-device.ts';

/** How the daemon does, as `health` tells it. */
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
  const now = { state_class: 'measurement' };
  const total = { state_class: 'total_increasing' };
  const entries = [
    entry('engine', 'Engine', 'engine', { device_class: 'enum', options: ['idle', 'busy', 'failing'] }),
    entry('queue_depth', 'Queue', 'queue_depth', now),
    entry('described', 'Described', 'frames.described', total),
    entry('failed', 'Failed', 'frames.failed', total),
    entry('expired', 'Expired', 'frames.expired', total),
    entry('dropped', 'Dropped', 'frames.dropped', total),
  ];
  if (health.includes('outbox')) entries.push(entry('outbox_depth', 'Outbox', 'outbox.depth', now));
  if (health.includes('board')) {
    entries.push(
      // None, where there is no sensor: Home Assistant shows an unknown state.
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
      entry('under_voltage', 'Power supply', 'board.under_voltage', {
        platform: 'binary_sensor',
        device_class: 'problem',
        value_template:
          "{{ 'None' if value_json.board.under_voltage is none else 'ON' if value_json.board.under_voltage else 'OFF' }}",
      }),
    );
  }
  return entries;
}
