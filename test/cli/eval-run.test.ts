import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { judgePictures, labelledPictures } from '../../src/cli/eval-run.ts';
import type { Label, LabelledQuestion } from '../../src/domain/label.ts';
import type { Answer } from '../../src/domain/observation.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import { observation } from '../../tools/test/observation.ts';

const gate: LabelledQuestion = { name: 'gate_open', ask: 'Is the gate open?', type: { kind: 'boolean' } };
const people: LabelledQuestion = {
  ...{ name: 'people', ask: 'How many?', type: { kind: 'integer', min: 0, max: 3 } },
};

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-eval-'));
  for (const seed of [1, 2])
    writeFileSync(join(folder, `${seed}.jpg`), await drawScene(sampleScene(seed, { width: 64, height: 48 })));
});
afterAll(() => rmSync(folder, { recursive: true }));

const label = (picture: string, question: LabelledQuestion, value: Answer): Label => ({
  ...{ picture, camera: 'porch', question, value, by: null, at: null },
});
const labels = [label('2.jpg', gate, true), label('1.jpg', gate, false), label('1.jpg', people, 3)];
const { signal } = new AbortController();

async function judge(questionOf: (label: Label) => LabelledQuestion | null, prompt: string | null = null) {
  const requests: DescribeRequest[] = [];
  const engine = {
    describe: async (request: DescribeRequest) => {
      requests.push(request);
      const answers = { gate_open: true, people: 2 };
      return { ...observation({ answers }).description, confidences: { gate_open: 0.8 } };
    },
  };
  const { pictures } = await labelledPictures(folder, labels);
  const steps: number[] = [];
  const result = await judgePictures({ prompt, questionOf }, pictures, engine, signal, (done) => {
    steps.push(done);
  });
  return { result, requests, steps };
}

test('each picture is shown once with all of its questions, in the order of their names', async () => {
  const { result, requests, steps } = await judge(({ question }) => question);
  expect(requests.map(({ questions, prompt }) => [questions.map(({ name }) => name), prompt])).toEqual([
    [['gate_open', 'people'], null],
    [['gate_open'], null],
  ]);
  expect(steps).toEqual([0, 1]);
  expect(result).toMatchObject({ pictures: 2, unfit: 0, model: { name: 'demo' } });
  expect(result.questions).toEqual([
    {
      ...{ camera: 'porch', question: gate },
      judged: [
        { picture: '1.jpg', truth: false, answer: true, confidence: 0.8 },
        { picture: '2.jpg', truth: true, answer: true, confidence: 0.8 },
      ],
    },
    {
      ...{ camera: 'porch', question: people },
      judged: [{ picture: '1.jpg', truth: 3, answer: 2, confidence: null }],
    },
  ]);
});

test('a label that does not fit its question any more is left out and counted', async () => {
  const { result } = await judge(({ question }) => (question.name === 'people' ? null : question));
  expect(result.questions).toHaveLength(1);
  expect(result.unfit).toBe(1);
  await expect(judge(() => null)).rejects.toThrow('no label fits the type that its question has now');
});

test('with a prompt, pictures are described too', async () => {
  const { requests } = await judge(({ question }) => question, 'Describe the scene.');
  expect(requests[0]!.prompt).toBe('Describe the scene.');
});

describe('pictures', () => {
  test('that cannot be read are named, and the others counted', async () => {
    writeFileSync(join(folder, 'cut.jpg'), 'no jpeg');
    symlinkSync('/dev/null', join(folder, 'device.jpg'));
    const { pictures, faults } = await labelledPictures(folder, [
      ...labels,
      label('cut.jpg', gate, true),
      label('gone.jpg', gate, true),
      label('device.jpg', gate, true),
    ]);
    expect(pictures).toHaveLength(2);
    expect(faults).toEqual([
      expect.stringContaining('cut.jpg: not a readable picture'),
      expect.stringContaining('gone.jpg: cannot be read: there is no such file'),
      expect.stringContaining('device.jpg: is not a file'),
    ]);
  });
});
