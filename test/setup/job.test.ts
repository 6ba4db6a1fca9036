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

const twoModels = {
  models: { quick: {}, thorough: {} },
  cameras: {
    a: {
      source: { type: 'scene' },
      questions: { open: { ask: 'Open?', type: 'boolean' }, odd: { ask: 'What is odd?', model: 'thorough' } },
    },
    b: { source: { type: 'scene' } },
  },
};
const asked = (config: object, role: 'quick' | 'thorough') => {
  const { prompts, questions } = jobOf(parseConfig(JSON.stringify(config), 'c.yaml'), role);
  return { prompts, questions: questions.map((each) => each.map(({ ask }) => ask)) };
};

test('each of two models has its part of the job', () => {
  expect(asked(twoModels, 'quick')).toEqual({ prompts: [], questions: [['Open?'], []] });
  expect(asked(twoModels, 'thorough')).toEqual({
    prompts: ['Describe the scene.'],
    questions: [['What is odd?'], []],
  });
});

test('both are planned for ad-hoc questions, the thorough one for other boards, and the one that a camera names for its prompts', () => {
  const config = { ...twoModels, mqtt: { commands: { ask: true } }, work: { pool: 'home' } };
  expect(asked(config, 'quick')).toEqual({ prompts: [], questions: [['Open?', ''], ['']] });
  const thorough = asked(config, 'thorough');
  expect(thorough.prompts).toHaveLength(2);
  expect(thorough.questions).toEqual([['What is odd?', ''], [''], ['']]);
  const { a, b } = twoModels.cameras;
  const named = { ...twoModels, cameras: { a: { ...a, model: 'quick' }, b: { ...b, model: 'quick' } } };
  expect(asked(named, 'quick').prompts).toEqual(['Describe the scene.']);
  expect(asked(named, 'thorough').prompts).toEqual([]);
});

test('a board that serves is planned for a page of words and pictures of any size, in its model that describes', () => {
  const keys = { serve: { listen: '127.0.0.1:8481' }, models: { quick: {}, thorough: {} } };
  const config = parseConfig(JSON.stringify(keys), 'c.yaml');
  expect(jobOf(config, 'thorough')).toMatchObject({
    pictureSizes: expect.arrayContaining([{ width: 1280, height: 720 }]),
    prompts: [expect.stringMatching(/^(words ){400}$/)],
  });
  expect(jobOf(config, 'quick').prompts).toEqual([]);
});

test('what has changed is planned for, in the model that describes the camera', () => {
  const { a, b } = twoModels.cameras;
  const config = { ...twoModels, cameras: { a: { ...a, change: true }, b } };
  expect(asked(config, 'quick').questions).toHaveLength(2);
  expect(asked(config, 'thorough').questions).toEqual([
    ['What is odd?'],
    [],
    [expect.stringContaining('What has changed')],
  ]);
});
