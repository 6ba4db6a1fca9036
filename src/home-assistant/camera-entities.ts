import { intervalLimitsS, type Setting } from '../contract/camera-config.ts';
import type { Topics } from '../contract/topics.ts';
import { answerEntities } from './answer-entities.ts';
import { type Entry, type HomeAssistantCamera, type HomeAssistantDevice, whileCurrent } from './device.ts';
import { feedbackEntities } from './feedback-entities.ts';
import { ruleEntities } from './rule-entities.ts';
import {
  attributes,
  promptCommand,
  promptOption,
  promptState,
  textAttribute,
  textState,
} from './templates.ts';

/** Not those of every look: they would fill Home Assistant's database. */
const reportedEvents = ['described', 'failed', 'expired'];

/** What a camera sees, the answers to its questions, and its controls. Names are without that of the camera's device. */
export function cameraEntities(
  camera: HomeAssistantCamera,
  device: HomeAssistantDevice,
  topics: Topics,
): Entry[] {
  return [
    ...viewEntities(camera, topics),
    ...answerEntities(camera, topics),
    ...ruleEntities(camera, topics),
    ...feedbackEntities(camera, topics),
    ...controlEntities(camera, device, topics),
  ];
}

/**
 * No attribute changes at each look, unless the state does too: Home Assistant stores a new state for that, even if the value
 * is the same. When a camera was described last is a sensor of its own.
 */
function viewEntities({ name, images }: HomeAssistantCamera, topics: Topics): Entry[] {
  const entries: Entry[] = [
    [
      'description',
      {
        platform: 'sensor',
        name: 'Description',
        icon: 'mdi:text-box-outline',
        state_topic: topics.description(name),
        value_template: textState('summary'),
        json_attributes_topic: topics.description(name),
        json_attributes_template: textAttribute('description', 'description'),
        ...whileCurrent(name, topics),
      },
    ],
    [
      'last_described',
      {
        platform: 'sensor',
        name: 'Last described',
        device_class: 'timestamp',
        entity_category: 'diagnostic',
        state_topic: topics.description(name),
        // A clock that is not set would give a time in the past.
        value_template: '{{ none if value_json.clock is defined else value_json.captured_at }}',
        // A template of Home Assistant pairs sentence and picture by it.
        json_attributes_topic: topics.description(name),
        json_attributes_template: attributes('id'),
      },
    ],
    [
      'event',
      {
        platform: 'event',
        name: 'Event',
        icon: 'mdi:cctv',
        // Not tied to the camera's status: a camera that fails is offline. Home Assistant ignores an empty result.
        event_types: reportedEvents,
        state_topic: topics.event(name),
        value_template: `{{ dict(value_json, event_type=value_json.type) | tojson if value_json.type in ${JSON.stringify(reportedEvents)} else '' }}`,
      },
    ],
    [
      'status',
      {
        platform: 'binary_sensor',
        name: 'Connection',
        device_class: 'connectivity',
        entity_category: 'diagnostic',
        state_topic: topics.cameraStatus(name),
        value_template: "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
        json_attributes_topic: topics.cameraStatus(name),
        json_attributes_template: attributes('reason'),
      },
    ],
    [
      'problem',
      {
        platform: 'binary_sensor',
        name: 'Problem',
        device_class: 'problem',
        entity_category: 'diagnostic',
        state_topic: topics.cameraStatus(name),
        value_template:
          "{{ 'OFF' if value_json.state == 'online' and value_json.problem is none else 'ON' }}",
        json_attributes_topic: topics.cameraStatus(name),
        json_attributes_template: attributes('problem', 'reason'),
      },
    ],
  ];
  if (images) {
    entries.push([
      'image',
      {
        platform: 'image',
        name: 'Picture',
        image_topic: topics.image(name),
        content_type: 'image/jpeg',
        json_attributes_topic: topics.imageInfo(name),
        json_attributes_template: attributes('id'),
        ...whileCurrent(name, topics),
      },
    ]);
  }
  return entries;
}

/**
 * Not tied to the camera's status: settings of a paused or failed camera must be changeable, and a camera that has been
 * paused since the start has no status.
 */
function controlEntities(
  { name }: HomeAssistantCamera,
  { takesRequests, settable, prompts }: HomeAssistantDevice,
  topics: Topics,
): Entry[] {
  const entries: Entry[] = [];
  if (takesRequests) {
    entries.push([
      'describe',
      {
        platform: 'button',
        name: 'Describe',
        icon: 'mdi:eye',
        command_topic: topics.request('describe'),
        payload_press: JSON.stringify({ camera: name }),
      },
    ]);
  }
  const setting = (field: Setting): object => ({
    entity_category: 'config',
    command_topic: topics.set(name, field),
    state_topic: topics.cameraConfig(name),
  });
  if (settable.includes('paused')) {
    entries.push([
      'paused',
      {
        platform: 'switch',
        name: 'Paused',
        icon: 'mdi:pause',
        payload_on: 'true',
        payload_off: 'false',
        value_template: "{{ 'true' if value_json.paused else 'false' }}",
        ...setting('paused'),
      },
    ]);
  }
  if (settable.includes('interval')) {
    entries.push([
      'interval',
      {
        platform: 'number',
        name: 'Interval',
        device_class: 'duration',
        unit_of_measurement: 's',
        mode: 'box',
        ...intervalLimitsS,
        step: 0.1,
        value_template: '{{ value_json.interval_s }}',
        ...setting('interval'),
      },
    ]);
  }
  if (settable.includes('prompt')) {
    entries.push([
      'prompt',
      {
        platform: 'select',
        name: 'Prompt',
        icon: 'mdi:chat-question-outline',
        options: prompts.map(promptOption),
        value_template: promptState,
        command_template: promptCommand,
        ...setting('prompt'),
      },
    ]);
  }
  return entries;
}
