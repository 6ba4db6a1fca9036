import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { ulid } from 'ulid';
import { describe, expect, test } from 'vitest';
import type { LabelledPictures } from '../../src/domain/label-task.ts';
import type { Answer } from '../../src/domain/observation.ts';
import { readStaticFiles } from '../../src/web/static-files.ts';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { observation } from '../../tools/test/observation.ts';
import { pageFaults } from '../../tools/test/page-faults.ts';
import { porchFacts, porchQuestions as questions, startWindow } from '../../tools/test/running-window.ts';

const lacks = chromiumLacks();
const pageFolder = join(import.meta.dirname, '../../build/web');
const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#884422' } })
  .jpeg()
  .toBuffer();
const porch = { ...porchFacts.cameras['porch']!, questions, collects: true };

/** Pictures of the porch to be labelled, in memory. */
function pictures(count: number) {
  const values = new Map<string, Answer>();
  const ids = Array.from({ length: count }, (_, index) => ulid(Date.UTC(2026, 10, 30, 12, index)));
  const keyOf = (question: string, id: string): string => `${question} ${id}`;
  const isDone = (question: string, id: string): boolean => values.has(keyOf(question, id));
  const labels: LabelledPictures = {
    counts: async () =>
      Object.keys(questions).map((question) => {
        const labelled = ids.filter((id) => isDone(question, id)).length;
        return { camera: 'porch', question, labelled, waiting: ids.length - labelled };
      }),
    tasks: async (camera, question, limit) =>
      ids
        .filter((id) => !isDone(question, id))
        .slice(0, limit)
        .map((id) => ({ id, camera, question, capturedAt: new Date(), said: null, confidence: null })),
    picture: async () => jpeg,
    label: async (_, question, id, value) => {
      if (value === null) values.delete(keyOf(question, id));
      else values.set(keyOf(question, id), value);
    },
  };
  return { labels, values, ids, keyOf };
}

/** A page at a view of a window with one camera. */
async function openAt(
  hash: string,
  options: Parameters<typeof startWindow>[0] = {},
  refusals: number[] = [],
) {
  const running = startWindow({
    files: await readStaticFiles(pageFolder),
    encode: async () => jpeg,
    facts: { ...porchFacts, labels: true, cameras: { porch } },
    ...options,
  });
  const opened = await openInBrowser(`${await running.listen()}/${hash}`, { refusals });
  return { ...opened, window: running.window };
}

const press = async (page: Page, key: string, labelled: string): Promise<void> => {
  await page.keyboard.press(key);
  await page.getByText(labelled).waitFor();
};

describe.skipIf(lacks !== null)(`teaching in Chromium (${lacks ?? 'all is there'})`, () => {
  test('pictures are labelled by one key each, taken back, and skipped', async () => {
    const { labels, values, ids, keyOf } = pictures(3);
    const { page, faults } = await openAt('#teach', { labels });
    await page.getByText('0 of 3 labelled').waitFor();
    expect(await pageFaults(page)).toEqual([]);
    await press(page, 'y', '1 of 3 labelled');
    await press(page, 'n', '2 of 3 labelled');
    expect([...values]).toEqual([
      [keyOf('gate_open', ids[0]!), true],
      [keyOf('gate_open', ids[1]!), false],
    ]);
    await press(page, 'u', '1 of 3 labelled');
    await page.getByRole('button', { name: /^yes/ }).click();
    await page.getByText('2 of 3 labelled').waitFor();
    expect(values.get(keyOf('gate_open', ids[1]!))).toBe(true);
    await press(page, 'y', 'What is the sky like?');
    await press(page, '3', '1 of 3 labelled');
    expect(values.get(keyOf('sky', ids[0]!))).toBe('dark');
    expect(faults).toEqual([]);
  });

  test('a label that was not kept is said, and asked for again', async () => {
    const { labels, values } = pictures(2);
    let isBroken = true;
    const label: LabelledPictures['label'] = async (...args) => {
      if (isBroken) throw new Error('the disk is full');
      await labels.label(...args);
    };
    const { page } = await openAt('#teach/porch/gate_open', { labels: { ...labels, label } }, [500]);
    await page.getByText('0 of 2 labelled').waitFor();
    await page.getByRole('button', { name: /^yes/ }).waitFor();
    await page.keyboard.press('y');
    await page.getByRole('alert').getByText('It did not work').waitFor();
    isBroken = false;
    await press(page, 'n', '1 of 2 labelled');
    expect([...values.values()]).toEqual([false]);
  });

  test('when all is labelled, or nothing is kept, the page says so', async () => {
    const { labels } = pictures(0);
    const { page } = await openAt('#teach', { labels });
    await page.getByText('All pictures of this question are labelled.').waitFor();
    const off = await openAt('#teach', { facts: { ...porchFacts, cameras: { porch } } });
    await off.page.getByText('No pictures are kept to be labelled.').waitFor();
    expect(await pageFaults(off.page)).toEqual([]);
  });

  test('an answer on Now has its confidence, and can be said to be wrong', async () => {
    const said: unknown[] = [];
    const { page, window, faults } = await openAt('', {
      handlers: {
        feedback: async (feedback) => {
          said.push(feedback);
          return { id: feedback.id!, camera: 'porch', question: feedback.question!, value: false };
        },
      },
    });
    const described = observation({ answers: { gate_open: true, sky: 'blue' } });
    const judged = {
      gate_open: { value: true, confidence: 0.97, isCalibrated: true },
      sky: { value: 'blue', confidence: 0.5, isCalibrated: false },
    };
    window.publisher.observation({ ...described, judged });
    await page.getByText('very sure').waitFor();
    expect(await pageFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'gate open: yes: Wrong' }).click();
    await page.getByText('Noted.').first().waitFor();
    await page.getByRole('button', { name: 'sky: blue: Wrong' }).click();
    await page.getByLabel('The right answer').selectOption('grey');
    await page.getByText('Noted.').nth(1).waitFor();
    const { id } = described.frame;
    expect(said).toEqual([
      { camera: 'porch', question: 'gate_open', id, verdict: { value: false } },
      { camera: 'porch', question: 'sky', id, verdict: { value: 'grey' } },
    ]);
    expect(faults).toEqual([]);
  });
});
