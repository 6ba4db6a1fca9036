import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { droppedFrom } from '../../src/answers/collect-policy.ts';
import type { CollectBounds } from '../../src/domain/collected-picture.ts';
import type { LabelledQuestion } from '../../src/domain/label.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { readCollected } from '../../src/labels/collected-file.ts';
import { Collector } from '../../src/labels/collector.ts';
import { appendLabels, labelsPath, readLabels } from '../../src/labels/labels-file.ts';
import { observation } from '../../tools/test/observation.ts';

const gate: LabelledQuestion = { name: 'gate_open', ask: 'Is the gate open?', type: { kind: 'boolean' } };
const people: LabelledQuestion = {
  ...{ name: 'people', ask: 'How many people?' },
  type: { kind: 'integer', min: 0, max: 9 },
};
const roomy = { maxPictures: 10, maxBytes: 1e6 };

let folder = '';
let warnings: object[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-collector-'));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

async function started(bounds: CollectBounds = roomy): Promise<Collector> {
  const collector = new Collector({
    folder,
    cameras: new Map([['porch', { bounds, questions: [gate, people] }]]),
    choose: droppedFrom,
    encode: async ({ bytes }) => bytes,
    coarse: async () => Uint8Array.of(seen++ * 40, 0, 0),
    log: { debug() {}, info() {}, error() {}, warn: (fields) => void warnings.push(fields) },
  });
  await collector.start();
  return collector;
}
let seen = 0;

let minute = 0;
/** One look a minute. */
function look(
  answers: Record<string, boolean | number> = { gate_open: true },
  camera = 'porch',
): Observation {
  const capturedAt = new Date(2026, 10, 21, 12, minute++);
  return observation({ id: ulid(capturedAt.getTime()), camera, capturedAt, answers });
}

function unsure(one: Observation): Observation {
  return { ...one, description: { ...one.description, confidences: { gate_open: 0.5 } } };
}

async function observe(collector: Collector, ...looks: Observation[]): Promise<void> {
  for (const each of looks) {
    collector.observed(each);
    await collector.close();
  }
}

const pictures = (): string[] => readdirSync(join(folder, 'porch')).filter((name) => name.endsWith('.jpg'));
const idOf = ({ frame }: Observation): string => frame.id;

test('a described picture is kept with what the model said', async () => {
  const one = look({ gate_open: true, people: 3 });
  await observe(await started(), one);
  const path = join(folder, 'porch', `${idOf(one)}.jpg`);
  expect(existsSync(path)).toBe(true);
  expect(await readCollected(path)).toEqual({
    id: idOf(one),
    camera: 'porch',
    capturedAt: one.frame.capturedAt,
    description: one.description.text,
    model: { name: 'demo', quant: 'F16' },
    answers: [
      { question: gate, value: true, confidence: null },
      { question: people, value: 3, confidence: null },
    ],
    coarse: expect.any(Uint8Array),
  });
});

test('a picture without an answer that can be labelled is not kept, nor one of another camera', async () => {
  await observe(await started(), look({}), look({ gate_open: true }, 'yard'));
  expect(pictures()).toEqual([]);
});

test('a picture from before the clock was set is not kept: its hour is not known', async () => {
  const early = look();
  await observe(await started(), { ...early, frame: { ...early.frame, capturedAt: new Date(0) } });
  expect(pictures()).toEqual([]);
});

test('the bounds hold, also those of a later start', async () => {
  const collector = await started({ ...roomy, maxPictures: 3 });
  await observe(collector, ...Array.from({ length: 6 }, () => look()));
  expect(pictures()).toHaveLength(3);
  expect(readdirSync(join(folder, 'porch'))).toHaveLength(6);
  await started({ ...roomy, maxPictures: 2 });
  expect(pictures()).toHaveLength(2);
});

test('what was collected before a restart counts', async () => {
  await observe(await started(), look(), look());
  await observe(await started({ ...roomy, maxPictures: 3 }), look(), look());
  expect(pictures()).toHaveLength(3);
});

test('labelled pictures stay, whoever labelled them', async () => {
  const first = look();
  const collector = await started({ ...roomy, maxPictures: 2 });
  await observe(collector, first);
  await appendLabels(folder, [
    {
      picture: `porch/${idOf(first)}.jpg`,
      camera: 'porch',
      question: gate,
      value: false,
      by: 'terminal',
      at: null,
    },
  ]);
  // Worth more.
  await observe(collector, ...Array.from({ length: 9 }, () => unsure(look())));
  expect(pictures()).toHaveLength(2);
  expect(pictures()).toContain(`${idOf(first)}.jpg`);
});

test('a faulty label stops the collection, so that no labelled picture is dropped', async () => {
  const collector = await started({ ...roomy, maxPictures: 2 });
  await observe(collector, look(), look());
  const before = pictures();
  writeFileSync(labelsPath(folder), '{"picture": 1}\n');
  await observe(collector, look(), look());
  expect(pictures()).toEqual(before);
  expect(warnings).toMatchObject([
    { camera: 'porch', reason: expect.stringContaining('line 1: picture: must be') },
  ]);
});

test('neither a faulty label nor a damaged file stops the daemon from starting, and no picture is dropped', async () => {
  const [first, second] = [look(), look()];
  await observe(await started(), first, second);
  writeFileSync(labelsPath(folder), 'yes\n');
  writeFileSync(join(folder, 'porch', `${idOf(first)}.json`), '{"id"');
  const collector = await started({ ...roomy, maxPictures: 0 });
  await observe(collector, look());
  expect(pictures()).toEqual([`${idOf(first)}.jpg`, `${idOf(second)}.jpg`]);
  expect(warnings).toMatchObject([
    { reason: expect.stringContaining(`${idOf(first)}.json: is damaged`) },
    { camera: 'porch', reason: expect.stringContaining('line 1: must be a JSON object on one line') },
  ]);
});

test('the remains of an interrupted write are removed; files of others stay', async () => {
  await observe(await started(), look());
  const id = ulid();
  for (const name of [`${id}.json`, 'mine.json', 'mine.jpg', 'notes.txt'])
    writeFileSync(join(folder, 'porch', name), '{}');
  await started();
  expect(existsSync(join(folder, 'porch', `${id}.json`))).toBe(false);
  expect(readdirSync(join(folder, 'porch')).filter((name) => /mine|notes/.test(name))).toHaveLength(3);
});

describe('labelling what was just said', () => {
  test('the newest answer to a question is found, of whichever observation', async () => {
    const collector = await started();
    const answered = look({ gate_open: false });
    await observe(collector, answered, look({ people: 2 }));
    expect(await collector.answerTo('porch', 'gate_open', null)).toEqual({
      ...{ question: gate, value: false, confidence: null },
      id: idOf(answered),
    });
    expect(await collector.answerTo('porch', 'cat', null)).toBeNull();
  });

  test('so is that of a collected picture, by its id', async () => {
    const [first, second] = [look({ gate_open: false }), look({ gate_open: true })];
    const collector = await started();
    await observe(collector, first, second);
    expect(await collector.answerTo('porch', 'gate_open', idOf(first))).toMatchObject({ value: false });
    expect(await collector.answerTo('porch', 'gate_open', ulid())).toBeNull();
  });

  test('its picture is kept, in place of another, and labelled', async () => {
    const collector = await started({ ...roomy, maxPictures: 1 });
    const first = look();
    await observe(collector, first);
    seen = 0;
    const second = look({ gate_open: false });
    await observe(collector, second);
    const label = await collector.label(
      idOf(second),
      { camera: 'porch', question: gate, value: true },
      'mqtt',
    );
    expect(pictures()).toEqual([`${idOf(second)}.jpg`]);
    expect(await readLabels(folder)).toEqual([label]);
    expect(label).toMatchObject({ picture: `porch/${idOf(second)}.jpg`, value: true, by: 'mqtt' });
  });

  test('not if all pictures that there may be are labelled', async () => {
    const collector = await started({ ...roomy, maxPictures: 1 });
    const [first, second] = [look(), look()];
    const right = { camera: 'porch', question: gate, value: true };
    await observe(collector, first);
    await collector.label(idOf(first), right, 'mqtt');
    await observe(collector, second);
    expect(await collector.label(idOf(second), right, 'mqtt')).toBeNull();
    expect(await readLabels(folder)).toHaveLength(1);
  });
});
