import type { Topics } from '../contract/topics.ts';
import {
  type Component,
  type Entry,
  type HomeAssistantCamera,
  type HomeAssistantQuestion,
  whileCurrent,
  wordsOf,
} from './device.ts';
import { shownValue, textAttribute, textState } from './templates.ts';

/** The answers to a camera's questions, and how sure they are. */
export function answerEntities({ name, questions }: HomeAssistantCamera, topics: Topics): Entry[] {
  return [
    ...questions.map((question): Entry => {
      const topic = topics.answer(name, question.name);
      return [
        `answer:${question.name}`,
        {
          ...answerEntity(question, topic),
          name: question.title ?? wordsOf(question.name),
          state_topic: topic,
          ...whileCurrent(name, topics),
        },
      ];
    }),
    ...questions
      .filter(({ type }) => type && type.kind !== 'string')
      .map((question): Entry => [`confidence:${question.name}`, confidenceEntity(name, question, topics)]),
  ];
}

/** It changes with each description, so it is for those who want it. */
function confidenceEntity(camera: string, { name, title }: HomeAssistantQuestion, topics: Topics): Component {
  return {
    platform: 'sensor',
    name: `${title ?? wordsOf(name)} confidence`,
    icon: 'mdi:gauge',
    entity_category: 'diagnostic',
    enabled_by_default: false,
    state_class: 'measurement',
    unit_of_measurement: '%',
    suggested_display_precision: 0,
    state_topic: topics.answer(camera, name),
    value_template:
      '{{ none if value_json.confidence is none else (value_json.confidence * 100) | round(2) }}',
    ...whileCurrent(camera, topics),
  };
}

/** An answer of null is unknown. */
function answerEntity({ type, deviceClass }: HomeAssistantQuestion, topic: string): Component {
  switch (type?.kind) {
    case 'boolean':
      return {
        platform: 'binary_sensor',
        ...(deviceClass !== null && { device_class: deviceClass }),
        value_template: "{{ none if value_json.value is none else 'ON' if value_json.value else 'OFF' }}",
      };
    case 'integer':
      return { platform: 'sensor', state_class: 'measurement', value_template: '{{ value_json.value }}' };
    case 'enum':
      return {
        platform: 'sensor',
        device_class: 'enum',
        options: [...new Set(type.values.map(shownValue))],
        value_template: textState('value'),
      };
    default:
      return {
        platform: 'sensor',
        icon: 'mdi:comment-question-outline',
        value_template: textState('value'),
        json_attributes_topic: topic,
        json_attributes_template: textAttribute('value', 'value'),
      };
  }
}
