import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { readStaticFiles } from '../../src/web/static-files.ts';
import type { WindowFacts } from '../../src/web/window-feed.ts';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { observation } from '../../tools/test/observation.ts';
import { overflow } from '../../tools/test/page-faults.ts';
import { porchFacts, startWindow } from '../../tools/test/running-window.ts';

const lacks = chromiumLacks();
const pageFolder = join(import.meta.dirname, '../../build/web');
const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#884422' } })
  .jpeg()
  .toBuffer();
const longName = 'A camera whose name is as long as the config allows, to a letter';
const standing = { name: null, min_confidence: 0 } as const;
const rule = {
  name: 'ازدحام عند الباب 👥',
  when: { kind: 'compare', question: 'gate_open', is: '==', value: true },
  agree: { votes: 1, of: 1 },
  hold_s: 0,
  cooldown_s: 0,
} as const;
const strange: WindowFacts['cameras'][string] = {
  ...porchFacts.cameras['porch']!,
  name: longName,
  questions: {
    gate_open: { ...standing, ask: 'Is the gate open?', type: 'boolean', device_class: null },
    what: { ...standing, ask: 'What is it like?', name: 'A question with a name as long as a line' },
  },
  rule_specs: { crowd: rule },
  collects: true,
};
const texts = {
  'a thousand letters without a space': 'W'.repeat(1000),
  'a long sentence': 'A person with a parcel stands at the open gate, '.repeat(21),
  emoji: '👩‍👩‍👧‍👦 🚲🚲 Eine Familie fährt 🏳️‍🌈 vorbei.'.repeat(8),
  'right to left': 'אדם עם חבילה עומד ליד השער הפתוח, Paket 12.',
};

async function openAt(width: number) {
  const running = startWindow({
    files: await readStaticFiles(pageFolder),
    encode: async () => jpeg,
    facts: {
      ...porchFacts,
      labels: true,
      cameras: { porch: strange, yard: { ...strange, name: 'ساحة خلفية' } },
    },
    labels: {
      counts: async () => [{ camera: 'porch', question: 'what', labelled: 0, waiting: 0 }],
      tasks: async () => [],
      picture: async () => null,
      label: async () => {},
    },
  });
  const opened = await openInBrowser(`${await running.listen()}/`, {
    viewport: { width, height: 640 },
    refusals: [404],
  });
  return { ...opened, window: running.window };
}

/** Where on the screen a text begins and ends. */
async function ends(text: Locator): Promise<{ first: number; last: number }> {
  return await text.evaluate((element) => {
    const range = element.ownerDocument.createRange();
    const { firstChild } = element;
    const at = (index: number): number => {
      range.setStart(firstChild!, index);
      range.setEnd(firstChild!, index + 1);
      return range.getBoundingClientRect().left;
    };
    return { first: at(0), last: at(firstChild!.textContent!.length - 1) };
  });
}

describe.skipIf(lacks !== null)(`strange texts in Chromium (${lacks ?? 'all is there'})`, () => {
  test('no view is wider than a small phone, whatever a model or a config says', async () => {
    const { page, window, faults } = await openAt(320);
    for (const [kind, text] of Object.entries(texts)) {
      const described = observation({ text, answers: { gate_open: true, what: text.slice(0, 500) } });
      window.publisher.observation(described);
      const evidence = [described.frame.id];
      window.publisher.rule('porch', 'crowd', {
        ...{ state: 'on', since: new Date(), confidence: null, evidence, reason: null },
      });
      await page.locator('.card .sentence').getByText(text, { exact: true }).waitFor();
      for (const view of ['now', 'rules', 'teach', 'aim', 'board']) {
        await page.goto(page.url().replace(/#.*|$/, `#${view}`));
        await page.locator('main').waitFor();
        expect([kind, view, await overflow(page)]).toEqual([kind, view, []]);
      }
      await page.goto(page.url().replace(/#.*/, '#rules'));
      const height = (await page.locator('.evidence .sentence').boundingBox())!.height;
      expect(height).toBeLessThan(100);
      await page.goto(page.url().replace(/#.*/, '#now'));
    }
    expect(faults).toEqual([]);
  });

  test('a text that is read from right to left begins at the right', async () => {
    const { page, window } = await openAt(1280);
    window.publisher.observation(observation({ text: texts['right to left'] }));
    window.publisher.observation(observation({ camera: 'yard', text: 'A dog.' }));
    const sentences = page.locator('.card .sentence');
    await sentences.nth(1).waitFor();
    const hebrew = await ends(sentences.nth(0));
    expect(hebrew.first).toBeGreaterThan(hebrew.last);
    const english = await ends(sentences.nth(1));
    expect(english.first).toBeLessThan(english.last);
  });

  test('free text cannot be said to be right', async () => {
    const { page, window } = await openAt(1280);
    window.publisher.observation(observation({ answers: { gate_open: true, what: 'green' } }));
    await page.getByText('green').waitFor();
    await page.getByRole('button', { name: 'gate open: yes: Right' }).waitFor();
    expect(await page.getByRole('button', { name: /: Right$/ }).count()).toBe(1);
  });
});
