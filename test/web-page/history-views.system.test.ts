import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { PastObservations } from '../../src/pipeline/ports.ts';
import { readStaticFiles } from '../../src/web/static-files.ts';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { observation } from '../../tools/test/observation.ts';
import { overflowOfLargeText, pageFaults } from '../../tools/test/page-faults.ts';
import { porchFacts, startWindow } from '../../tools/test/running-window.ts';
import { weekOf, weekQuestions } from './past-week.ts';

const lacks = chromiumLacks();
const pageFolder = join(import.meta.dirname, '../../build/web');
const patience = { timeout: 20_000 };
const cameras = {
  porch: { ...porchFacts.cameras['porch']!, questions: weekQuestions },
  yard: { name: 'Back yard', source: 'scene', questions: {}, rule_specs: {}, collects: false },
};

/** A page at a window whose history has three days, at a view. */
async function openPast(
  hash: string,
  change: Partial<PastObservations> = {},
  refusals: readonly number[] = [],
) {
  const reader = (await weekOf(3)).reader();
  const history = {
    page: async (...args: Parameters<PastObservations['page']>) => reader.page(...args),
    timeline: async (...args: Parameters<PastObservations['timeline']>) => reader.timeline(...args),
    neighbours: async (number: number) => reader.neighbours(number),
    thumbnail: async (number: number) => reader.thumbnail(number),
    close: async () => {},
    ...change,
  };
  const running = startWindow({
    files: await readStaticFiles(pageFolder),
    facts: { ...porchFacts, history: true, cameras },
    history,
  });
  const url = `${await running.listen()}/`;
  const { page, faults } = await openInBrowser(`${url}${hash}`, {
    refusals,
    viewport: { width: 900, height: 700 },
  });
  return { window: running.window, page, faults, reader, url };
}

const rows = (page: Page) => page.locator('.past .entry');
const numberOf = async (page: Page, row: number): Promise<number> =>
  Number(await rows(page).nth(row).getAttribute('data-row'));

describe.skipIf(lacks !== null)(`the past in Chromium (${lacks ?? 'all is there'})`, () => {
  test('words are searched for as they are typed and marked, and back leads to all again', async () => {
    const { page, faults } = await openPast('#past');
    await rows(page).nth(40).waitFor();
    expect(await pageFaults(page)).toEqual([]);
    await page.getByRole('searchbox').fill('parc');
    await page.locator('mark', { hasText: 'parcel' }).first().waitFor();
    expect(new URL(page.url()).hash).toBe('#past?text=parc');
    const texts = await page.locator('.entry .sentence').allTextContents();
    expect(texts.filter((text) => !text.includes('parcel'))).toEqual([]);
    await page.getByLabel('Camera').selectOption('Back yard');
    await page.getByText('Nothing was found.').waitFor();
    await page.goBack();
    await page.locator('mark').first().waitFor();
    expect(await page.getByLabel('Camera').inputValue()).toBe('');
    await page.goBack();
    await rows(page).nth(40).waitFor();
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
    expect(faults).toEqual([]);
  });

  test('an address with a search shows it, and a question can be chosen with its answer', async () => {
    const { page, faults } = await openPast('#past?camera=porch&question=gate_open&answer=true');
    await rows(page).first().waitFor();
    const chips = await page.locator('.chips li', { hasText: 'gate open' }).allTextContents();
    expect(new Set(chips.map((text) => text.trim().endsWith('yes')))).toEqual(new Set([true]));
    await page.locator('.choices').getByLabel('Answer').selectOption('no');
    await page.locator('.entry', { hasText: 'closed' }).first().waitFor();
    expect(page.url()).toContain('answer=false');
    await page.getByLabel('Question').selectOption('People');
    await page.locator('.choices').getByLabel('Answer').fill('2');
    await page.locator('.choices').getByLabel('Answer').press('Enter');
    await page
      .locator('.chips li', { hasText: /People\s+2/ })
      .first()
      .waitFor();
    expect(faults).toEqual([]);
  });

  test('a list grows at both ends without moving what is read', async () => {
    const { page, faults, reader } = await openPast('#past');
    await rows(page).nth(49).waitFor();
    await rows(page).nth(49).scrollIntoViewIfNeeded();
    await rows(page).nth(99).waitFor();
    const middle = reader.page({}, { cursor: null, limit: 400, order: 'newest' }).items.at(-1)!.number;
    await page.goto(`${page.url().split('#')[0]}#past?at=${middle}`);
    const sought = page.locator('.entry[aria-current]');
    await sought.waitFor();
    await expect.poll(() => numberOf(page, 0), patience).toBeGreaterThan(middle + 40);
    const place = async (): Promise<number> => (await sought.boundingBox())!.y;
    const [before, top] = [await numberOf(page, 0), await place()];
    expect(top).toBeGreaterThan(0);
    expect(top).toBeLessThan(700);
    await page.getByRole('button', { name: 'Look for newer ones' }).dispatchEvent('click');
    await expect.poll(() => numberOf(page, 0), patience).toBeGreaterThan(before);
    expect(Math.abs((await place()) - top)).toBeLessThan(2);
    expect(faults).toEqual([]);
  });

  test('what has changed since the one before is marked', async () => {
    const { page } = await openPast('#past?camera=porch');
    await page.locator('.entry ins').first().waitFor();
    const sentence = page.locator('.entry', { has: page.locator('del', { hasText: 'closed' }) }).first();
    expect(await sentence.locator('ins').first().textContent()).toBe('open');
    expect(await sentence.locator('.chips .changed').first().textContent()).toMatch(/gate open\s+no\s+yes/);
  });

  test('a question shows its answers over the days, and leads to what was seen', async () => {
    const { page, faults, window } = await openPast('#past/porch/gate_open?days=7');
    await page.locator('.longest li').first().waitFor();
    const measured = {
      labels: 120,
      accuracy: 0.94,
      interval: [0.88, 0.97],
      calibration_error: 0.03,
    } as const;
    const at = new Date().toISOString();
    window.measured('porch', {
      gate_open: { ...measured, interval: [...measured.interval], calibrated: true, at },
    });
    await page.getByText('Right in 94% of 120 labelled answers; in 88%–97% of all').waitFor();
    await page.getByText('Its confidence is corrected by them.').waitFor();
    expect(await pageFaults(page)).toEqual([]);
    expect(await overflowOfLargeText(page)).toEqual([]);
    expect(await page.locator('.day-band').count()).toBe(7);
    for (const kind of ['yes', 'no', 'unsure'])
      expect(await page.locator(`.track .band.${kind}`).count()).toBeGreaterThan(0);
    expect(await page.locator('.longest h2').textContent()).toContain('yes');
    await page.getByRole('button', { name: /^no/ }).click();
    expect(await page.locator('.longest h2').textContent()).toContain('no');
    await page.locator('.longest a').first().click();
    await page.locator('.entry[aria-current]').waitFor();
    expect(await page.locator('.entry[aria-current] .chips').textContent()).toMatch(/gate open.*no/);
    await page.goBack();
    await page.locator('.longest li').first().waitFor();
    expect(faults).toEqual([]);
  });

  test('the strip on Now shows a mark for each description, by keys and by pointer', async () => {
    const { page, faults, window } = await openPast('');
    const strip = page.getByRole('slider', { name: 'When something was described' });
    await page.locator('.marks').first().waitFor();
    await strip.focus();
    const seen = observation({ text: 'A dog has come.', capturedAt: new Date() });
    const description = { ...seen.description, change: 'There is a dog now.' };
    window.publisher.observation({ ...seen, trigger: 'change', description });
    const card = page.locator('.card', { hasText: 'Front porch' });
    await card.locator('.sentence', { hasText: 'A dog has come.' }).waitFor();
    await card.getByText('What is different: There is a dog now.').waitFor();
    expect(await card.getByRole('link', { name: 'History' }).getAttribute('href')).toBe('#past?camera=porch');
    await strip.press('End');
    await page.locator('.strip .sentence', { hasText: 'A dog has come.' }).waitFor();
    await strip.press('ArrowLeft');
    await page.locator('.strip .sentence', { hasText: /gate|yard/ }).waitFor();
    const first = await strip.getAttribute('aria-valuetext');
    await strip.press('PageDown');
    expect(await strip.getAttribute('aria-valuetext')).not.toBe(first);
    await strip.scrollIntoViewIfNeeded();
    const box = (await strip.boundingBox())!;
    await page.mouse.click(box.x + box.width - 40, box.y + 40);
    await page.locator('.strip .facts', { hasText: 'Front porch' }).waitFor();
    const left = await strip.evaluate((element) => element.scrollLeft);
    await page.mouse.move(box.x + 300, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 40, { steps: 4 });
    await page.mouse.up();
    expect(await strip.evaluate((element) => element.scrollLeft)).toBe(Math.max(0, left - 200));
    await page.getByRole('button', { name: 'A day more' }).click();
    expect(await pageFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  test('a history that cannot be read is said to be so, and can be tried again', async () => {
    let isBroken = true;
    const broken = async (): Promise<never> => {
      throw new Error('the disk is gone');
    };
    const reader = (await weekOf(1)).reader();
    const { page } = await openPast(
      '#past',
      { page: async (...args) => (isBroken ? broken() : reader.page(...args)), timeline: broken },
      [500],
    );
    await page.getByRole('alert').getByText('It did not work').waitFor();
    expect(await page.getByRole('alert').textContent()).not.toContain('disk');
    expect(await pageFaults(page)).toEqual([]);
    isBroken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await rows(page).first().waitFor();
    await page.goto(`${page.url().split('#')[0]}#past/porch/people`);
    await page.getByRole('alert').getByText('It did not work').waitFor();
  });

  test('without a history, Past says why and Now has a strip of what was seen since', async () => {
    const running = startWindow({
      files: await readStaticFiles(pageFolder),
      facts: { ...porchFacts, cameras },
    });
    const { page, faults } = await openInBrowser(`${await running.listen()}/#past`);
    await page.getByText('No history is kept.').waitFor();
    expect(await pageFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Now' }).click();
    running.window.publisher.observation(observation({ text: 'A dog.', capturedAt: new Date() }));
    await page.getByText('Since this page was opened').waitFor();
    expect(faults).toEqual([]);
  });
});
