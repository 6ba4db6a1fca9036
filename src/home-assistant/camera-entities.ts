import { intervalLimitsS, type Setting } from '../contract/camera-config.ts';
import type { Topics } from '../contract/topics.ts';
import type { Question } from '../domain/observation.ts';
import {
  availability,
  type Component,
  type Entry,
  type HomeAssistantCamera,
  type HomeAssistantDevice,
} from './device.ts';

/** Home Assistant's limit for a state. */
const maxStateCharacters = 255;
/** Not those of every look: they would fill Home Assistant's database. */
const reportedEvents = ['described', 'failed', 'expired'];

/** Requires what was said to hold, too; `availability_mode` is `all` for the whole device. */
function whileCurrent(camera: string, topics: Topics): object {
  const vision = {
    topic: topics.vision(camera),
    value_template: "{{ 'online' if value_json.state == 'current' else 'offline' }}",
  };
  return { availability: [availability(topics.status), vision] };
}

/** What a camera sees, the answers to its questions, and its controls. */
export function cameraEntities(
  camera: HomeAssistantCamera,
  device: HomeAssistantDevice,
  topics: Topics,
): Entry[] {
  return [
    ...viewEntities(camera, topics),
    ...answerEntities(camera, topics),
    ...controlEntities(camera, device, topics),
  ];
}

function viewEntities(camera: HomeAssistantCamera, topics: Topics): Entry[] {
  const { name, images } = camera;
  const title = titleOf(camera);
  const entries: Entry[] = [
    [
      `${name}:description`,
      {
        platform: 'sensor',
        name: `${title} description`,
        icon: 'mdi:text-box-outline',
        state_topic: topics.description(name),
        value_template: '{{ value_json.summary }}',
        json_attributes_topic: topics.description(name),
        ...whileCurrent(name, topics),
      },
    ],
    [
      `${name}:event`,
      {
        platform: 'event',
        name: `${title} event`,
        icon: 'mdi:cctv',
        // Not tied to the camera's status: a camera that fails is offline. Home Assistant ignores an empty result.
        event_types: reportedEvents,
        state_topic: topics.event(name),
        value_template: `{{ dict(value_json, event_type=value_json.type) | tojson if value_json.type in ${JSON.stringify(reportedEvents)} else '' }}`,
      },
    ],
    [
      `${name}:status`,
      {
        platform: 'binary_sensor',
        name: `${title} connection`,
        device_class: 'connectivity',
        entity_category: 'diagnostic',
        state_topic: topics.cameraStatus(name),
        value_template: "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
        json_attributes_topic: topics.cameraStatus(name),
      },
    ],
    [
      `${name}:problem`,
      {
        platform: 'binary_sensor',
        name: `${title} problem`,
        device_class: 'problem',
        entity_category: 'diagnostic',
        state_topic: topics.cameraStatus(name),
        value_template:
          "{{ 'OFF' if value_json.state == 'online' and value_json.problem is none else 'ON' }}",
        json_attributes_topic: topics.cameraStatus(name),
      },
    ],
  ];
  if (images) {
    entries.push([
      `${name}:image`,
      {
        platform: 'image',
        name: `${title} picture`,
        image_topic: topics.image(name),
        content_type: 'image/jpeg',
        ...whileCurrent(name, topics),
      },
    ]);
  }
  return entries;
}

function answerEntities(camera: HomeAssistantCamera, topics: Topics): Entry[] {
  const { name, questions } = camera;
  return questions.map((question) => [
    `${name}:answer:${question.name}`,
    {
      ...answerEntity(question),
      name: `${titleOf(camera)} ${wordsOf(question.name)}`,
      state_topic: topics.answer(name, question.name),
      json_attributes_topic: topics.answer(name, question.name),
      ...whileCurrent(name, topics),
    },
  ]);
}

function answerEntity({ type }: Question): Component {
  switch (type?.kind) {
    case 'boolean':
      return { platform: 'binary_sensor', value_template: "{{ 'ON' if value_json.value else 'OFF' }}" };
    case 'integer':
      return { platform: 'sensor', state_class: 'measurement', value_template: '{{ value_json.value }}' };
    case 'enum':
      return {
        platform: 'sensor',
        device_class: 'enum',
        options: [...new Set(type.values)],
        value_template: '{{ value_json.value }}',
      };
    default:
      // Home Assistant rejects longer states; the whole text is in the attributes.
      return {
        platform: 'sensor',
        icon: 'mdi:comment-question-outline',
        value_template: `{{ value_json.value | truncate(${maxStateCharacters}, false, '…', 0) }}`,
      };
  }
}

/**
 * Not tied to the camera's status: settings of a paused or failed camera must be changeable, and a camera that has been
 * paused since the start has no status.
 */
function controlEntities(camera: HomeAssistantCamera, device: HomeAssistantDevice, topics: Topics): Entry[] {
  const { name } = camera;
  const title = titleOf(camera);
  const entries: Entry[] = [];
  if (device.takesRequests) {
    entries.push([
      `${name}:describe`,
      {
        platform: 'button',
        name: `${title} describe`,
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
  if (device.settable.includes('paused')) {
    entries.push([
      `${name}:paused`,
      {
        platform: 'switch',
        name: `${title} paused`,
        icon: 'mdi:pause',
        payload_on: 'true',
        payload_off: 'false',
        value_template: "{{ 'true' if value_json.paused else 'false' }}",
        ...setting('paused'),
      },
    ]);
  }
  if (device.settable.includes('interval')) {
    entries.push([
      `${name}:interval`,
      {
        platform: 'number',
        name: `${title} interval`,
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
  if (device.settable.includes('prompt')) {
    entries.push([
      `${name}:prompt`,
      {
        platform: 'select',
        name: `${title} prompt`,
        icon: 'mdi:chat-question-outline',
        options: [...device.prompts],
        value_template: '{{ value_json.prompt }}',
        command_template: '{{ value | tojson }}',
        ...setting('prompt'),
      },
    ]);
  }
  return entries;
}

/** `front_door` -> `front door` */
function wordsOf(name: string): string {
  return name.replace(/[_-]+/g, ' ').trim();
}

/** What people call the camera. */
function titleOf({ name, title }: HomeAssistantCamera): string {
  if (title !== null) return title;
  const words = wordsOf(name);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
