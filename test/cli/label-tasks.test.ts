import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { labelTasks, type TaskOptions } from '../../src/cli/label-tasks.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { Label, LabelledQuestion } from '../../src/domain/label.ts';
import { collectedText } from '../../src/labels/collected-file.ts';

const gate: LabelledQuestion = { name: 'gate_open', ask: 'Is the gate open?', type: { kind: 'boolean' } };
const cat: LabelledQuestion = { name: 'cat', ask: 'Is there a cat?', type: { kind: 'boolean' } };
const unknown: TaskOptions = { config: null, camera: undefined, question: undefined, asked: null };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-tasks-'));
  for (const name of ['porch', 'garden shots']) mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

const picture = (path: string): void => writeFileSync(join(folder, path), 'jpeg');
const labelOf = (path: string, question: LabelledQuestion): Label => ({
  ...{ picture: path, camera: 'porch', question, value: true, by: null, at: null },
});

/** What is asked, as `path question`. */
async function asked(labels: readonly Label[], options: Partial<TaskOptions>): Promise<string[]> {
  const { tasks } = await labelTasks(folder, labels, { ...unknown, ...options });
  return tasks.map((task) => `${task.picture} ${task.question.name}`);
}

test('a question of the flags is asked about all pictures, by name; hidden files and others are not pictures', async () => {
  for (const path of ['b.jpg', 'a.PNG', '.hidden.jpg', 'notes.txt', 'porch/c.webp']) picture(path);
  expect(await asked([], { asked: gate, camera: 'porch' })).toEqual([
    ...['a.PNG gate_open', 'b.jpg gate_open', 'porch/c.webp gate_open'],
  ]);
});

test('a collected picture says camera, questions and what the model said', async () => {
  picture('porch/1.jpg');
  const collected = {
    ...{ id: '1', camera: 'yard', capturedAt: new Date(0), description: 'a gate' },
    ...{ model: { name: 'demo', quant: 'F16' }, coarse: new Uint8Array(4) },
    answers: [
      { question: gate, value: false, confidence: 0.7 },
      { question: cat, value: true, confidence: null },
    ],
  };
  writeFileSync(join(folder, 'porch/1.json'), collectedText(collected));
  const { tasks } = await labelTasks(folder, [], unknown);
  expect(tasks).toMatchObject([
    { camera: 'yard', question: gate, description: 'a gate', said: { value: false, confidence: 0.7 } },
    { camera: 'yard', question: cat, said: { value: true, confidence: null } },
  ]);
  expect(await asked([], { question: 'cat' })).toEqual(['porch/1.jpg cat']);
});

test("another program's file beside a picture says nothing of it", async () => {
  picture('porch/1.jpg');
  writeFileSync(join(folder, 'porch/1.json'), '{"shapes": [], "imagePath": "1.jpg"}');
  expect(await asked([], { asked: gate })).toEqual(['porch/1.jpg gate_open']);
});

test('a config has the questions of its cameras, of which those of free text cannot be labelled', async () => {
  picture('porch/1.jpg');
  const config = configSchema.parse({
    cameras: {
      porch: {
        source: { type: 'scene' },
        questions: {
          gate_open: { ask: 'Is the gate open now?', type: 'boolean' },
          free: { ask: 'What else?' },
          odd: { ask: 'What is odd?', type: 'string' },
        },
      },
    },
  });
  const { tasks } = await labelTasks(folder, [labelOf('porch/0.jpg', cat)], { ...unknown, config });
  expect(tasks.map(({ question }) => question.ask)).toEqual(['Is the gate open now?']);
});

test('labels are not asked for twice, and their questions are asked about the other pictures', async () => {
  for (const path of ['porch/1.jpg', 'porch/2.jpg']) picture(path);
  const labels = [labelOf('porch/1.jpg', gate)];
  expect(await labelTasks(folder, labels, unknown)).toMatchObject({
    ...{ tasks: [{ picture: 'porch/2.jpg', question: gate }], pictures: 2, labelled: 1 },
  });
  const withdrawn = { ...labels[0]!, value: null };
  expect(await asked([...labels, withdrawn], { asked: gate })).toHaveLength(2);
});

test.each<[string, Partial<TaskOptions>, string]>([
  ['a.jpg', { asked: gate }, 'a.jpg: is of no known camera; name it: --camera porch'],
  ['porch/a.jpg', {}, 'no question is known that can be labelled; name one: --question gate_open --ask'],
  ['notes.txt', { asked: gate }, 'contains no picture (.jpg, .jpeg, .png, .webp)'],
  ['garden shots/a.jpg', { asked: gate }, '"garden shots" cannot be the name of a camera'],
  ['a.jpg', { asked: gate, camera: 'front porch' }, '"front porch" cannot be the name of a camera'],
  ['K\u{fffd}ln.jpg', { asked: gate, camera: 'porch' }, 'ln.jpg: its name is not UTF-8; rename it'],
])('%s with %j is refused', async (path, options, fault) => {
  picture(path);
  await expect(asked([], options)).rejects.toThrow(fault);
});

test('a folder that is not there is named', async () => {
  await expect(labelTasks(join(folder, 'gone'), [], unknown)).rejects.toThrow(
    'gone: cannot be read: there is no such file',
  );
});
