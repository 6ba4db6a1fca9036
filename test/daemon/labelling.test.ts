import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { parseConfig } from '../../src/config/load.ts';
import { Labelling } from '../../src/daemon/labelling.ts';
import type { MeasuredQuestion } from '../../src/domain/calibration.ts';
import type { Feedback } from '../../src/domain/feedback.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { readLabels } from '../../src/labels/labels-file.ts';
import { measuredPathOf } from '../../src/setup/labelled-folder.ts';
import { MeasuredFile } from '../../src/store/measured-file.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { observation } from '../../tools/test/observation.ts';

const source = { type: 'scene' };
const questions = {
  gate_open: { ask: 'Is the gate open?', type: 'boolean' },
  people: { ask: 'How many people?', type: 'integer' },
};
const size = { width: 64, height: 48 };
const bytes = await drawScene(sampleScene(1, size));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-labelling-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function configOf(collect: object | null) {
  const cameras = { porch: { source, questions, collect }, yard: { source } };
  return parseConfig(JSON.stringify({ device: 'workshop', store: { folder: 'state' }, cameras }), 'c.yaml');
}

async function started(collect: object | null = {}, onMeasured = () => {}): Promise<Labelling> {
  const labelling = new Labelling(configOf(collect), folder, onMeasured, new LogLines());
  onTestFinished(() => labelling.close());
  await labelling.start();
  return labelling;
}

function described(answers: Record<string, boolean | number>): Observation {
  const one = observation({ answers });
  return { ...one, frame: { ...one.frame, picture: { size, bytes } } };
}

const newest: Feedback = {
  ...{ camera: 'porch', question: 'gate_open', id: null },
  verdict: { isRight: false },
};

describe('feedback', () => {
  test('labels the newest picture, which is kept', async () => {
    const labelling = await started();
    const one = described({ gate_open: true });
    labelling.observed(one);
    expect(await labelling.feedback(newest)).toEqual({
      ...{ id: one.frame.id, camera: 'porch', question: 'gate_open', value: false },
    });
    const collected = join(folder, 'state/collected-workshop');
    expect(await readLabels(collected)).toMatchObject([
      { picture: `porch/${one.frame.id}.jpg`, value: false },
    ]);
    expect(readdirSync(join(collected, 'porch'))).toHaveLength(2);
  });

  test.each<[string, Partial<Feedback>, { code: string; message: RegExp }]>([
    [
      'an unknown camera',
      { camera: 'shed' },
      { code: 'unknown', message: /no camera is named "shed"; there are: porch, yard/ },
    ],
    [
      'one of two cameras',
      { camera: null },
      { code: 'invalid', message: /camera: must be one of porch, yard/ },
    ],
    [
      'a camera that does not collect',
      { camera: 'yard' },
      { code: 'failed', message: /turn on cameras.yard.collect/ },
    ],
    ['an unknown question', { question: 'cat' }, { code: 'unknown', message: /no question is named "cat"/ }],
    ['a wrong count', { question: 'people' }, { code: 'invalid', message: /send the right one as value/ }],
    ['another frame', { id: ulid() }, { code: 'unknown', message: /no answer to gate_open is known/ }],
  ])('on %s is refused', async (_what, feedback, { code, message }) => {
    const labelling = await started();
    labelling.observed(described({ gate_open: true, people: 2 }));
    await expect(labelling.feedback({ ...newest, ...feedback })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test('before anything was said is refused', async () => {
    await expect((await started()).feedback(newest)).rejects.toThrow(
      'since the start, no answer to gate_open is known',
    );
  });
});

test('nothing is collected by default', async () => {
  const labelling = await started(null);
  labelling.observed(described({ gate_open: true }));
  await labelling.close();
  expect(readdirSync(folder)).toEqual([]);
});

describe('calibration', () => {
  const model = { name: 'demo', quant: 'F16', build: 'b1' };
  const question = { name: 'gate_open', ask: 'Is the gate open?' };
  const measured: MeasuredQuestion = {
    ...{ camera: 'porch', question: 'gate_open', ask: question.ask, labels: 100, right: 80 },
    ...{
      model: { name: 'demo', quant: 'F16' },
      calibrationError: 0.02,
      at: new Date('2026-01-31T12:00:00Z'),
    },
    calibration: { method: 'platt', slope: 0, offset: Math.log(4) },
  };
  const file = () => new MeasuredFile(measuredPathOf(configOf(null), folder));
  const given = { camera: 'porch', question, model, confidence: 0.99 };

  test('holds for the camera, question, wording and model that were measured', async () => {
    await file().save([measured]);
    const { calibrate } = await started();
    expect(calibrate(given)).toBeCloseTo(0.8);
    expect(calibrate({ ...given, camera: 'yard' })).toBeNull();
    expect(calibrate({ ...given, question: { ...question, name: 'cat' } })).toBeNull();
    expect(calibrate({ ...given, question: { ...question, ask: 'Is it open?' } })).toBeNull();
    expect(calibrate({ ...given, model: { ...model, quant: 'Q4_0' } })).toBeNull();
    // Another build of llama.cpp computes the same.
    expect(calibrate({ ...given, model: { ...model, build: 'b2' } })).toBeCloseTo(0.8);
  });

  test('that is measured while the daemon runs is used soon, and reported', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const onMeasured = vi.fn();
    const labelling = await started(null, onMeasured);
    expect(labelling.calibrate(given)).toBeNull();
    await file().save([measured]);
    vi.advanceTimersByTime(30_000);
    await vi.waitFor(() => expect(onMeasured).toHaveBeenCalledOnce(), 20_000);
    expect(labelling.calibrate(given)).toBeCloseTo(0.8);
    expect(labelling.measured).toEqual([measured]);
  });
});
