import { describe, expect, test } from 'vitest';
import { type LabelTask, labelSession } from '../../src/cli/label-session.ts';
import { currentLabels, type Label, type LabelledType } from '../../src/domain/label.ts';

const boolean: LabelledType = { kind: 'boolean' };
const digit: LabelledType = { kind: 'integer', min: 0, max: 9 };
const number: LabelledType = { kind: 'integer', min: -5, max: 100 };
const colours: LabelledType = { kind: 'enum', values: ['red', 'green'] };

const task = (picture: string, type: LabelledType, said: LabelTask['said'] = null): LabelTask => ({
  path: `/set/${picture}`,
  picture,
  camera: 'porch',
  question: { name: type.kind, ask: 'Is it so?', type },
  description: said ? 'a gate' : null,
  said,
});

async function session(tasks: readonly LabelTask[], keys: string) {
  const labels: Label[] = [];
  let text = '';
  async function* each(): AsyncGenerator<string> {
    yield* keys;
  }
  const set = await labelSession(tasks, each(), {
    write: (words) => {
      text += words;
    },
    save: async (label) => void labels.push(label),
    now: () => new Date('2026-01-31T12:00:00Z'),
  });
  return { set, labels, text };
}

const values = (labels: readonly Label[]): unknown[] => labels.map(({ value }) => value);

test.each<[string, LabelledType, string, unknown]>([
  ['yes', boolean, 'y', true],
  ['no', boolean, 'N', false],
  ['a digit', digit, '7', 7],
  ['a number and Enter', number, '42\r', 42],
  ['a negative number', number, '-3\n', -3],
  ['a value by its number', colours, '2', 'green'],
])('%s is a label', async (_what, type, keys, value) => {
  const { labels, set } = await session([task('1.jpg', type)], keys);
  expect(set).toBe(1);
  expect(labels).toEqual([
    {
      ...{ picture: '1.jpg', camera: 'porch', question: { name: type.kind, ask: 'Is it so?', type } },
      ...{ value, by: 'terminal', at: new Date('2026-01-31T12:00:00Z') },
    },
  ]);
});

test.each<[LabelledType, string, string]>([
  [boolean, 'x', 'press y yes, n no, s skip, u undo, q quit'],
  [digit, 'y', 'press 0 to 9, s skip'],
  [number, '777\r', 'press -5 to 100 and Enter'],
  [colours, '3', 'press 1 red, 2 green'],
])('%j: a key that is none is refused, and the next one counts', async (type, keys, words) => {
  const right = { boolean: 'y', integer: type === digit ? '1' : '1\r', enum: '1' }[type.kind];
  const { labels, text } = await session([task('1.jpg', type)], keys + right);
  expect(text).toContain(words);
  expect(labels).toHaveLength(1);
});

test('a picture is shown by its path, with what the model said', async () => {
  const { text } = await session([task('1.jpg', boolean, { value: false, confidence: 0.827 })], 'q');
  expect(text).toContain(
    '1 of 1: /set/1.jpg\n  a gate\nporch/boolean: Is it so?\nThe model said no (83 % sure).\n',
  );
});

test('what a picture and its description are called cannot act on the terminal', async () => {
  const said = { value: true, confidence: null };
  const evil = { ...task('\x1b]0;x\x07\x1b[2J1.jpg', boolean, said), description: 'a\x1b[31m gate\u202e' };
  const { text } = await session([evil], 'q');
  expect(text).toContain('1 of 1: /set/1.jpg\n  a gate\nporch');
});

describe('keys that are no values', () => {
  const three = ['1.jpg', '2.jpg', '3.jpg'].map((picture) => task(picture, boolean));

  test('s skips', async () => {
    const { labels, set } = await session(three, 'sys');
    expect(set).toBe(1);
    expect(labels).toMatchObject([{ picture: '2.jpg', value: true }]);
  });

  test('u takes the last one back and asks again, also over one that was skipped', async () => {
    const { labels, set, text } = await session(three, 'yusnuuyyy');
    expect(values(labels)).toEqual([true, null, false, null, true, true, true]);
    expect(currentLabels(labels).map(({ picture }) => picture)).toEqual(['1.jpg', '2.jpg', '3.jpg']);
    expect(set).toBe(3);
    expect(text).toContain('undone');
  });

  test('u at the start changes nothing', async () => {
    const { labels, text } = await session(three, 'uy');
    expect(values(labels)).toEqual([true]);
    expect(text).toContain('nothing to undo');
  });

  test.each(['q', '\x03', '\x04', ''])('%j quits', async (key) => {
    const { labels } = await session(three, `y${key}${key && 'y'}`);
    expect(labels).toHaveLength(1);
  });

  test('the ends of lines of a pipe mean nothing', async () => {
    const { labels, text } = await session(three, 'y\nn\n\ny\n');
    expect(values(labels)).toEqual([true, false, true]);
    expect(text).not.toContain('press');
  });
});
