import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { currentLabels, type Label } from '../../src/domain/label.ts';
import { appendLabels, labelsPath, readLabels } from '../../src/labels/labels-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-labels-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const gate: Label = {
  picture: 'porch/1.jpg',
  camera: 'porch',
  question: { name: 'gate_open', ask: 'Is the gate open?', type: { kind: 'boolean' } },
  value: true,
  by: 'terminal',
  at: new Date('2026-01-31T12:00:00Z'),
};
const people: Label = {
  ...gate,
  question: { name: 'people', ask: 'How many people?', type: { kind: 'integer', min: 0, max: 9 } },
  value: 2,
};
const colour: Label = {
  ...gate,
  question: { name: 'colour', ask: 'Which colour?', type: { kind: 'enum', values: ['red', 'green'] } },
  value: 'red',
  by: null,
  at: null,
};

const line = (fields: object = {}): string =>
  JSON.stringify({
    ...{ picture: '1.jpg', camera: 'porch', question: 'gate_open', ask: 'Is it open?' },
    ...{ type: 'boolean', value: true, ...fields },
  });

test('labels are read as they were appended', async () => {
  await appendLabels(folder, [gate]);
  await appendLabels(folder, [people, colour]);
  expect(await readLabels(folder)).toEqual([gate, people, colour]);
  expect(readFileSync(labelsPath(folder), 'utf8').split('\n')[0]).toBe(
    '{"picture":"porch/1.jpg","camera":"porch","question":"gate_open","ask":"Is the gate open?","type":"boolean","value":true,"by":"terminal","at":"2026-01-31T12:00:00.000Z"}',
  );
  expect(statSync(labelsPath(folder)).mode & 0o777).toBe(0o600);
});

test('a folder without a file has no labels', async () => {
  expect(await readLabels(folder)).toEqual([]);
  expect(existsSync(labelsPath(folder))).toBe(false);
});

test('a line written by hand needs no author and no time, and may have remarks and blank lines around it', async () => {
  writeFileSync(labelsPath(folder), `\n${line({ note: 'dusk' })}\n\n`);
  expect(await readLabels(folder)).toMatchObject([{ value: true, by: null, at: null }]);
});

describe('the end of the file', () => {
  test('half a line does not count, and the next label replaces it', async () => {
    writeFileSync(labelsPath(folder), `${line()}\n${line({ value: false }).slice(0, 30)}`);
    expect(await readLabels(folder)).toHaveLength(1);
    await appendLabels(folder, [people]);
    expect(await readLabels(folder)).toMatchObject([{ value: true }, { value: 2 }]);
  });

  test('half a character does not count either', async () => {
    const whole = Buffer.from(line({ ask: 'Ist die Tür offen?' }));
    writeFileSync(labelsPath(folder), `${line()}\n`);
    appendFileSync(labelsPath(folder), whole.subarray(0, whole.indexOf(0xc3) + 1));
    expect(await readLabels(folder)).toHaveLength(1);
    await appendLabels(folder, [people]);
    expect(await readLabels(folder)).toHaveLength(2);
  });

  test('a last line that an editor left without its line feed is kept', async () => {
    writeFileSync(labelsPath(folder), line());
    await appendLabels(folder, [people]);
    expect(await readLabels(folder)).toHaveLength(2);
  });
});

test('labels that are appended at once are all there, each on its line', async () => {
  await Promise.all(
    Array.from({ length: 40 }, (_, value) => appendLabels(folder, [{ ...people, value: value % 10 }])),
  );
  const values = (await readLabels(folder)).map(({ value }) => value as number);
  expect(values.toSorted()).toEqual(Array.from({ length: 40 }, (_, at) => Math.floor(at / 4)));
});

test('the last label of a picture and question holds; null withdraws', () => {
  const wrong = { ...gate, value: false };
  const other = { ...gate, picture: 'porch/2.jpg' };
  expect(currentLabels([wrong, people, gate, other])).toEqual([people, gate, other]);
  expect(currentLabels([gate, { ...gate, value: null }])).toEqual([]);
});

describe('a faulty line', () => {
  test('that is not UTF-8', async () => {
    writeFileSync(labelsPath(folder), Buffer.from(`${line({ ask: 'Ist die Tür offen?' })}\n`, 'latin1'));
    await expect(readLabels(folder)).rejects.toThrow(
      `${labelsPath(folder)}, line 1 is not UTF-8; convert the file, such as with iconv -f latin1 -t utf-8`,
    );
  });

  test.each([
    ['{"picture":', 'must be a JSON object on one line'],
    ['[1]', 'must be a JSON object on one line'],
    [line({ value: 'yes' }), 'value: must be true or false (it is "yes")'],
    [line({ value: undefined }), 'value: is missing; must be the right answer; null: withdrawn'],
    [line({ type: 'integer', max: 3, value: 4 }), 'value: must be a whole number from 0 to 3 (it is 4)'],
    [line({ type: 'enum', values: ['a', 'b'], value: 'c' }), 'value: must be one of "a", "b" (it is "c")'],
    [line({ type: 'text', value: 'c' }), 'type: must be boolean, integer or enum (it is "text")'],
    [line({ type: undefined }), 'type: must be boolean, integer or enum'],
    [line({ ask: undefined }), 'ask: is missing; must be the text of the question'],
    [
      line({ question: 'gate open' }),
      'question: must be letters, digits, _ and -, such as gate_open (it is "gate open")',
    ],
    [
      line({ picture: '../1.jpg' }),
      'picture: must be the path of a picture in this folder, such as "porch/1.jpg" (it is "../1.jpg")',
    ],
    [
      line({ picture: '/etc/passwd' }),
      'picture: must be the path of a picture in this folder, such as "porch/1.jpg" (it is "/etc/passwd")',
    ],
    [line({ at: 'noon' }), 'at: must be a time such as 2026-01-31T12:00:00Z (it is "noon")'],
  ])('%s', async (faulty, fault) => {
    writeFileSync(labelsPath(folder), `${line()}\n\n${faulty}\n`);
    await expect(readLabels(folder)).rejects.toThrow(
      `${labelsPath(folder)}, line 3: ${fault}; correct the line, or delete it`,
    );
  });
});
