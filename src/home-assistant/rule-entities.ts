import type { Topics } from '../contract/topics.ts';
import { availability, type Entry, type HomeAssistantCamera, wordsOf } from './device.ts';

/** The rules of a camera, and an event for each of their alerts. */
export function ruleEntities({ name: camera, rules }: HomeAssistantCamera, topics: Topics): Entry[] {
  if (rules.length === 0) return [];
  return [
    ...rules.map(
      ({ name, title, deviceClass }): Entry => [
        `rule:${name}`,
        {
          platform: 'binary_sensor',
          name: title ?? wordsOf(name),
          ...(deviceClass !== null && { device_class: deviceClass }),
          state_topic: topics.rule(camera, name),
          // It says itself when it is stale. null is unknown.
          value_template:
            "{{ 'ON' if value_json.state == 'on' else 'OFF' if value_json.state == 'off' else none }}",
          availability: [availability(topics.status)],
        },
      ],
    ),
    [
      'alert',
      {
        platform: 'event',
        name: 'Alert',
        icon: 'mdi:bell-alert-outline',
        event_types: rules.flatMap(({ name }) => [typeOf(name, 'on'), typeOf(name, 'off')]),
        state_topic: topics.alert(camera),
        // Home Assistant ignores an empty result: an automation must not act on what was true an hour ago.
        value_template:
          "{{ dict(value_json, event_type=value_json.rule ~ ' ' ~ value_json.state) | tojson if value_json.rule is not none and value_json.late is not defined else '' }}",
        availability: [availability(topics.status)],
      },
    ],
  ];
}

function typeOf(rule: string, state: 'on' | 'off'): string {
  return `${rule} ${state}`;
}
