import type { Topics } from '../contract/topics.ts';
import { hasTwoValues, isLabelled } from '../domain/label.ts';
import { type Entry, type HomeAssistantCamera, whileCurrent, wordsOf } from './device.ts';

/**
 * Buttons that say whether the newest answer to a question is right. Where several answers would be right in place of a wrong
 * one, there is none for wrong.
 */
export function feedbackEntities(
  { name: camera, questions, takesFeedback }: HomeAssistantCamera,
  topics: Topics,
): Entry[] {
  if (!takesFeedback) return [];
  return questions.flatMap((question): Entry[] => {
    if (!isLabelled(question)) return [];
    const button = (right: boolean): Entry => [
      `${right ? 'right' : 'wrong'}:${question.name}`,
      {
        platform: 'button',
        name: `${question.title ?? wordsOf(question.name)} is ${right ? 'right' : 'wrong'}`,
        icon: right ? 'mdi:thumb-up-outline' : 'mdi:thumb-down-outline',
        entity_category: 'diagnostic',
        command_topic: topics.request('feedback'),
        payload_press: JSON.stringify({ camera, question: question.name, right }),
        ...whileCurrent(camera, topics),
      },
    ];
    return [button(true), ...(hasTwoValues(question.type) ? [button(false)] : [])];
  });
}
