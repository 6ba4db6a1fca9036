import type { Topics } from '../contract/topics.ts';
import { hasTwoValues, isLabelled, type LabelledQuestion } from '../domain/label.ts';
import {
  type Component,
  type Entry,
  type HomeAssistantCamera,
  type HomeAssistantQuestion,
  whileCurrent,
  wordsOf,
} from './device.ts';
import { answerCommand, answerOption, answerState } from './templates.ts';

type Asked = HomeAssistantQuestion & LabelledQuestion;

/**
 * What says whether the newest answer to a question is right: a button that it is, and one that it is not. Where several answers
 * would be right in place of a wrong one, the right one is chosen instead.
 */
export function feedbackEntities(
  { name: camera, questions, takesFeedback }: HomeAssistantCamera,
  topics: Topics,
): Entry[] {
  if (!takesFeedback) return [];
  return questions.flatMap((question): Entry[] => {
    if (!isLabelled(question)) return [];
    const { name } = question;
    const [key, other] = hasTwoValues(question.type)
      ? (['wrong', button(camera, question, false)] as const)
      : (['correct', choice(camera, question, topics)] as const);
    const common = { command_topic: topics.request('feedback'), ...whileCurrent(camera, topics) };
    return [
      [`right:${name}`, { ...button(camera, question, true), ...common }],
      [`${key}:${name}`, { ...other, ...common }],
    ];
  });
}

function button(camera: string, { name, title }: Asked, right: boolean): Component {
  return {
    platform: 'button',
    name: `${title ?? wordsOf(name)} is ${right ? 'right' : 'wrong'}`,
    icon: right ? 'mdi:thumb-up-outline' : 'mdi:thumb-down-outline',
    entity_category: 'diagnostic',
    payload_press: JSON.stringify({ camera, question: name, right }),
  };
}

/** It shows the newest answer; another one is chosen as the right one. */
function choice(camera: string, { name, title, type }: Asked, topics: Topics): Component {
  const common = {
    name: `${title ?? wordsOf(name)}, right answer`,
    icon: 'mdi:check-decagram-outline',
    entity_category: 'config',
    state_topic: topics.answer(camera, name),
    optimistic: true,
  };
  if (type.kind === 'integer') {
    return {
      ...{ platform: 'number', ...common },
      ...{ mode: 'box', min: type.min, max: type.max, step: 1 },
      value_template: '{{ value_json.value }}',
      command_template: answerCommand(camera, name, 'number'),
    };
  }
  const values = type.kind === 'enum' ? [...new Set(type.values)] : [];
  return {
    ...{ platform: 'select', ...common },
    options: values.map(answerOption),
    value_template: answerState,
    command_template: answerCommand(camera, name, 'option'),
  };
}
