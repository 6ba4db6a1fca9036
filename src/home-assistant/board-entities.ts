import type { Topics } from '../contract/topics.ts';
import type { BoardReading, Component, Entry, HomeAssistantDevice } from './device.ts';

const now = { state_class: 'measurement' };
/** Of interest while looking for a fault; a person can enable it in Home Assistant. */
const rare = { enabled_by_default: false };
/** What descriptions as a whole suffer from, in health: a condition, and what is shown then. The first one counts. */
const faults = [
  [
    "value_json.remote_engine is defined and value_json.remote_engine.state == 'failing'",
    "'the engine server fails: ' ~ value_json.remote_engine.reason",
  ],
  ["value_json.engine == 'failing'", "'the last description failed'"],
  [
    'value_json.outbox is defined and value_json.outbox.fault is not none',
    "'the outbox cannot be written: ' ~ value_json.outbox.fault",
  ],
];
const reason = `${faults.map(([condition, words]) => `${words} if ${condition} else`).join(' ')} none`;

/** The state of the daemon, from `health`, and its restart. */
export function boardEntities({ readings, isRestartable }: HomeAssistantDevice, topics: Topics): Entry[] {
  const entry = (key: string, name: string, options: Partial<Component>): Entry => [
    `health:${key}`,
    { platform: 'sensor', name, entity_category: 'diagnostic', state_topic: topics.health, ...options },
  ];
  const problem = (key: string, name: string, isOn: string, options: object = {}): Entry =>
    entry(key, name, {
      platform: 'binary_sensor',
      device_class: 'problem',
      value_template: `{{ 'ON' if ${isOn} else 'OFF' }}`,
      ...options,
    });
  const count = (key: string, name: string, path: string, stateClass: string): Entry =>
    entry(key, name, { state_class: stateClass, value_template: `{{ value_json.${path} }}`, ...rare });
  const memory = (key: string, name: string, path: string, options: object = {}): Entry =>
    entry(key, name, {
      ...now,
      device_class: 'data_size',
      unit_of_measurement: 'MiB',
      value_template: `{{ none if value_json.${path} is none else (value_json.${path} / 1048576) | round | int }}`,
      ...options,
    });
  const has = (reading: BoardReading): boolean => readings.includes(reading);
  return [
    problem('problem', 'Problem', `(${reason}) is not none`, {
      json_attributes_topic: topics.health,
      json_attributes_template: `{{ {'reason': ${reason}} | tojson }}`,
    }),
    ...(has('under_voltage')
      ? [problem('under_voltage', 'Power supply', 'value_json.board.under_voltage')]
      : []),
    ...(has('clock_limited')
      ? [problem('clock_limited', 'CPU throttled', 'value_json.board.clock_limited')]
      : []),
    entry('engine', 'Engine', {
      device_class: 'enum',
      options: ['idle', 'busy', 'failing'],
      value_template: '{{ value_json.engine }}',
    }),
    entry('timing_p50', 'Description time (median)', seconds('p50')),
    entry('timing_p95', 'Description time (p95)', { ...seconds('p95'), ...rare }),
    entry('tokens_per_second', 'Tokens per second', {
      ...now,
      ...rare,
      unit_of_measurement: 'tokens/s',
      value_template: '{{ value_json.tokens_per_second | default(none) }}',
    }),
    ...(has('temperature')
      ? [
          entry('temperature', 'Temperature', {
            ...now,
            device_class: 'temperature',
            unit_of_measurement: '°C',
            value_template: '{{ value_json.board.temperature_c }}',
          }),
        ]
      : []),
    memory('memory_available', 'Memory available', 'board.memory_available_bytes'),
    memory('memory_daemon', 'Memory used by daemon', 'memory.daemon_bytes', rare),
    ...(has('engine_memory')
      ? [memory('memory_engine', 'Memory used by engine', 'memory.engine_bytes', rare)]
      : []),
    count('queue_depth', 'Frames queued', 'queue_depth', 'measurement'),
    count('outbox_depth', 'Outbox', 'outbox.depth', 'measurement'),
    ...['described', 'failed', 'expired', 'dropped'].map((end) =>
      count(end, `Frames ${end}`, `frames.${end}`, 'total_increasing'),
    ),
    ...(isRestartable ? [restartButton(topics)] : []),
  ];
}

/** The time of a description; unknown before the first one. */
function seconds(rank: 'p50' | 'p95'): object {
  return {
    ...now,
    device_class: 'duration',
    unit_of_measurement: 's',
    value_template: `{{ (value_json.timing_ms.${rank} / 1000) | round(1) if value_json.timing_ms is defined else none }}`,
  };
}

function restartButton(topics: Topics): Entry {
  return [
    'restart',
    {
      platform: 'button',
      name: 'Restart',
      device_class: 'restart',
      entity_category: 'config',
      command_topic: topics.request('restart'),
      payload_press: JSON.stringify({ what: 'daemon' }),
    },
  ];
}
