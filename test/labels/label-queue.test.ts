import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { expect, onTestFinished, test } from 'vitest';
import type { LabelledQuestion } from '../../src/domain/label.ts';
import { collectedText } from '../../src/labels/collected-file.ts';
import { LabelQueue } from '../../src/labels/label-queue.ts';
import { readLabels } from '../../src/labels/labels-file.ts';

const gate: LabelledQuestion = { name: 'gate', ask: 'Is the gate open?', type: { kind: 'boolean' } };
const people: LabelledQuestion = {
  name: 'people',
  ask: 'How many?',
  type: { kind: 'integer', min: 0, max: 9 },
};

/** A folder with pictures of the porch, one a minute, and the queue of its questions. */
function collected(count: number) {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-labels-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'porch'));
  const ids = Array.from({ length: count }, (_, index) => {
    const capturedAt = new Date(Date.UTC(2026, 10, 30, 12, index));
    const id = ulid(capturedAt.getTime());
    const answers = [{ question: gate, value: index % 2 === 0, confidence: 0.9 }];
    const picture = { id, camera: 'porch', capturedAt, description: null, answers };
    const model = { name: 'demo', quant: 'F16' };
    writeFileSync(
      join(folder, 'porch', `${id}.json`),
      collectedText({ ...picture, model, coarse: new Uint8Array(4) }),
    );
    writeFileSync(join(folder, 'porch', `${id}.jpg`), `jpeg ${index}`);
    return id;
  });
  return { folder, ids, queue: new LabelQueue(folder, new Map([['porch', [gate, people]]]), 'window') };
}

test('pictures wait for a label of each question, oldest first, with what the model said', async () => {
  const { ids, queue } = collected(3);
  expect(await queue.counts()).toEqual([
    { camera: 'porch', question: 'gate', labelled: 0, waiting: 3 },
    { camera: 'porch', question: 'people', labelled: 0, waiting: 3 },
  ]);
  const tasks = await queue.tasks('porch', 'gate', 2);
  expect(tasks.map(({ id, said, confidence }) => [id, said, confidence])).toEqual([
    [ids[0], true, 0.9],
    [ids[1], false, 0.9],
  ]);
  expect((await queue.tasks('porch', 'people', 1))[0]).toMatchObject({ said: null, confidence: null });
});

test('one damaged file does not keep the others from being labelled', async () => {
  const { folder, ids, queue } = collected(3);
  writeFileSync(join(folder, 'porch', `${ids[0]}.json`), '{"id": ');
  expect((await queue.tasks('porch', 'gate', 9)).map(({ id }) => id)).toEqual(ids.slice(1));
});

test('a label is kept with its question, and can be withdrawn', async () => {
  const { folder, ids, queue } = collected(2);
  await queue.label('porch', 'gate', ids[0]!, false);
  expect((await queue.tasks('porch', 'gate', 9)).map(({ id }) => id)).toEqual([ids[1]]);
  expect((await queue.tasks('porch', 'people', 9)).map(({ id }) => id)).toEqual(ids);
  expect(await readLabels(folder)).toMatchObject([
    { picture: `porch/${ids[0]}.jpg`, camera: 'porch', question: gate, value: false, by: 'window' },
  ]);
  await queue.label('porch', 'gate', ids[0]!, null);
  expect((await queue.counts())[0]).toMatchObject({ labelled: 0, waiting: 2 });
});

test('labels that another process adds count', async () => {
  const { folder, ids, queue } = collected(2);
  await queue.counts();
  await new LabelQueue(folder, new Map([['porch', [gate]]]), 'terminal').label(
    'porch',
    'gate',
    ids[1]!,
    true,
  );
  expect((await queue.counts())[0]).toMatchObject({ labelled: 1, waiting: 1 });
});

test('what is no answer, no question or no picture is refused, and nothing is written', async () => {
  const { folder, ids, queue } = collected(1);
  const [id] = ids as [string];
  await expect(queue.label('porch', 'gate', id, 'yes')).rejects.toMatchObject({ code: 'invalid' });
  await expect(queue.label('porch', 'people', id, 10)).rejects.toMatchObject({ code: 'invalid' });
  await expect(queue.label('porch', 'sky', id, true)).rejects.toThrow('there are: gate, people');
  await expect(queue.label('yard', 'gate', id, true)).rejects.toMatchObject({ code: 'unknown' });
  await expect(queue.label('porch', 'gate', ulid(), true)).rejects.toMatchObject({ code: 'unknown' });
  expect(await readLabels(folder)).toEqual([]);
});

test('a picture is given by camera and id, and no path leads elsewhere', async () => {
  const { folder, ids, queue } = collected(1);
  writeFileSync(join(folder, 'secret.jpg'), 'secret');
  expect(Buffer.from((await queue.picture('porch', ids[0]!))!).toString()).toBe('jpeg 0');
  expect(readFileSync(join(folder, 'porch', '..', 'secret.jpg'), 'utf8')).toBe('secret');
  for (const [camera, id] of [
    ['porch', '../secret'],
    ['.', 'secret'],
    ['porch/..', ids[0]!],
    ['yard', ids[0]!],
    ['porch', ulid()],
  ] as const)
    expect(await queue.picture(camera, id), `${camera} ${id}`).toBeNull();
});

test('a camera that has kept nothing yet has nothing to label', async () => {
  const { folder } = collected(1);
  const queue = new LabelQueue(folder, new Map([['yard', [gate]]]), 'window');
  expect(await queue.counts()).toEqual([{ camera: 'yard', question: 'gate', labelled: 0, waiting: 0 }]);
  expect(await queue.tasks('yard', 'gate', 5)).toEqual([]);
});
