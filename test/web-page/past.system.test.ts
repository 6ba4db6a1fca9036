import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { pageFaults } from '../../tools/test/page-faults.ts';
import { until } from '../../tools/test/until.ts';
import { startWindowDaemon } from '../../tools/test/window-daemon.ts';

const lacks = chromiumLacks();

/** By the alternative texts of the pictures: the sentences themselves have what has changed in between. */
function descriptionsOn(page: Page): Promise<string[]> {
  return page.evaluate('[...document.querySelectorAll(".past img.thumbnail")].map((image) => image.alt)');
}

describe.skipIf(lacks !== null)(`the past in Chromium (${lacks ?? 'all is there'})`, () => {
  test('what was described is listed with its picture, searched by words, and compared with what was before', async () => {
    const { url, subscriber, restart } = await startWindowDaemon({
      history: { thumbnails: true },
      camera: { source: { type: 'scene', seed: 900_000, size: '336x336', every: '1s' }, interval: '1s' },
    });
    const said = (): string[] =>
      subscriber.json('scenecast/board/drawn/observation').map(({ description }) => description);
    await until(() => said().length >= 4, 60_000);
    // What is kept is written in larger pieces, and at the end.
    let before: readonly string[] = [];
    await restart(async () => {
      before = said();
    });
    const { page, faults } = await openInBrowser(`${url}#past`);
    const rows = page.locator('.past li.entry');
    await rows.first().waitFor();
    const listed = await descriptionsOn(page);
    expect(listed.slice(-before.length)).toEqual(before.toReversed());
    const picture = rows.first().locator('img.thumbnail');
    await picture.waitFor();
    await page.waitForFunction('document.querySelector("img.thumbnail").naturalWidth > 0');
    // The oldest has none before it.
    expect(await rows.last().locator('ins').count()).toBe(0);
    expect(await rows.locator('ins').count()).toBeGreaterThan(0);
    expect(await pageFaults(page)).toEqual([]);

    const [word] = /\b(red|green|blue|yellow|white|black|orange|purple|grey)\b/.exec(before[0]!)!;
    await page.getByLabel('Words to search for').fill(word);
    await page.keyboard.press('Enter');
    await rows.locator('mark').first().waitFor();
    const areFound = async (): Promise<boolean> => {
      const found = await descriptionsOn(page);
      return found.includes(before[0]!) && found.every((sentence) => sentence.includes(word));
    };
    await expect.poll(areFound, { timeout: 30_000 }).toBe(true);
    await page.getByLabel('Words to search for').fill('nothing like this');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing was found.').waitFor();

    await page.goto(`${url}#past/drawn/count`);
    await page.locator('main h1', { hasText: 'count' }).waitFor({ state: 'attached' });
    expect(await pageFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  }, 120_000);
});
