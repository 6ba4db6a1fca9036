import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { jobOf } from '../../src/setup/job.ts';

test('the plan counts the sentence that names the language', () => {
  const config = {
    language: 'German',
    mqtt: { commands: { ask: true } },
    prompts: { default: 'Describe the scene.', brief: 'In one word.' },
    cameras: {
      a: {
        source: { type: 'scene' },
        questions: { open: { ask: 'Is it open?', type: 'boolean' }, odd: { ask: 'What is odd?' } },
      },
    },
  };
  const job = jobOf(parseConfig(JSON.stringify(config), 'c.yaml'));
  expect(job.prompts).toEqual(['Describe the scene. Answer in German.', 'In one word. Answer in German.']);
  expect(job.questions.map((each) => each.map(({ ask }) => ask))).toEqual([
    ['Is it open?', 'What is odd? Answer in German.', ' Answer in German.'],
  ]);
});
