import { expect, test } from 'vitest';
import { labelTasksSchema } from '../../src/contract/window-labels.ts';
import { CommandError } from '../../src/domain/errors.ts';
import type { LabelledPictures } from '../../src/domain/label-task.ts';
import { startWindow, viewerPassword } from '../../tools/test/running-window.ts';

const id = '01JDZW3N8F0000000000000000';

/** Kept pictures of two questions, of which the second one has some without a label; notes what it is asked. */
function kept() {
  const asked: unknown[] = [];
  const labels: LabelledPictures = {
    counts: async () => [
      { camera: 'porch', question: 'gate', labelled: 3, waiting: 0 },
      { camera: 'porch', question: 'people', labelled: 1, waiting: 2 },
    ],
    tasks: async (camera, question, limit) => {
      asked.push([camera, question, limit]);
      const capturedAt = new Date('2026-11-30T12:00:00Z');
      return [{ id, camera, question, capturedAt, said: 2, confidence: 0.5 }];
    },
    picture: async (camera, of) => (camera === 'porch' && of === id ? Buffer.from('jpeg') : null),
    label: async (camera, question, of, value) => {
      if (value === 99) throw new CommandError('invalid', 'value: 99 is no answer of type integer');
      asked.push([camera, question, of, value]);
    },
  };
  return { labels, asked };
}

test('the first question with pictures that wait is asked, unless another is chosen', async () => {
  const { labels, asked } = kept();
  const { ask } = startWindow({ labels });
  const read = labelTasksSchema.parse((await ask('/window/labels')).json());
  expect(read.tasks).toEqual([
    {
      id,
      camera: 'porch',
      question: 'people',
      captured_at: '2026-11-30T12:00:00.000Z',
      said: 2,
      confidence: 0.5,
    },
  ]);
  expect(asked).toEqual([['porch', 'people', 20]]);
  const none = labelTasksSchema.parse((await ask('/window/labels?camera=porch&question=gate')).json());
  expect([none.questions.length, none.tasks]).toEqual([2, []]);
});

test('a label is kept or withdrawn, and its faults are said', async () => {
  const { labels, asked } = kept();
  const { ask } = startWindow({ labels });
  const label = { camera: 'porch', question: 'people', id, value: 2 };
  expect((await ask('/window/labels', { body: label })).statusCode).toBe(200);
  await ask('/window/labels', { body: { ...label, value: null } });
  expect(asked).toEqual([
    ['porch', 'people', id, 2],
    ['porch', 'people', id, null],
  ]);
  const refused = await ask('/window/labels', { body: { ...label, value: 99 } });
  expect([refused.statusCode, refused.json().code]).toEqual([400, 'invalid']);
  for (const faulty of [
    { ...label, id: '../x' },
    { ...label, value: undefined },
    { ...label, other: 1 },
  ])
    expect((await ask('/window/labels', { body: faulty })).statusCode).toBe(400);
});

test('the picture of a label is given', async () => {
  const { ask } = startWindow({ labels: kept().labels });
  expect((await ask(`/window/labels/porch/${id}`)).body).toBe('jpeg');
  expect((await ask(`/window/labels/yard/${id}`)).statusCode).toBe(404);
});

test('a viewer neither sees what is to be labelled nor labels', async () => {
  const { labels, asked } = kept();
  const { ask, login } = startWindow({ labels, hasPassword: true });
  const headers = { cookie: await login(viewerPassword) };
  const body = { camera: 'porch', question: 'people', id, value: 2 };
  for (const options of [{ headers }, { headers, body }])
    expect((await ask('/window/labels', options)).statusCode).toBe(403);
  expect((await ask(`/window/labels/porch/${id}`, { headers })).statusCode).toBe(403);
  expect((await ask('/window/labels')).statusCode).toBe(401);
  expect(asked).toEqual([]);
});

test('where no pictures are kept, nothing can be labelled', async () => {
  const { ask } = startWindow();
  for (const path of ['labels', `labels/porch/${id}`])
    expect((await ask(`/window/${path}`)).json().code).toBe('off');
});

test('an answer is said to be right or wrong, as over MQTT', async () => {
  const said: unknown[] = [];
  const { ask } = startWindow({
    handlers: {
      feedback: async (feedback) => {
        said.push(feedback);
        return { id, camera: 'porch', question: 'people', value: 2 };
      },
    },
  });
  const body = { camera: 'porch', question: 'people', id, value: 2 };
  expect((await ask('/window/commands/feedback', { body })).json()).toEqual({ ...body });
  await ask('/window/commands/feedback', { body: { camera: 'porch', right: false } });
  expect(said).toEqual([
    { camera: 'porch', question: 'people', id, verdict: { value: 2 } },
    { camera: 'porch', question: null, id: null, verdict: { isRight: false } },
  ]);
});
