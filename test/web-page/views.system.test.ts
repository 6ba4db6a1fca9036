import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { overflow, overflowOfLargeText, pageFaults } from '../../tools/test/page-faults.ts';
import { startWindowDaemon } from '../../tools/test/window-daemon.ts';
import { de } from '../../web/src/text/de.ts';
import { en } from '../../web/src/text/en.ts';

const lacks = chromiumLacks();
const timeout = 120_000;
const views = ['now', 'past', 'rules', 'aim', 'board'] as const;
const widths = [320, 768, 1280, 3840] as const;

/** Goes to a view and waits until it shows what the daemon says. */
async function show(page: Page, view: (typeof views)[number]): Promise<void> {
  const shown = {
    now: '.card img.picture',
    past: 'main h1',
    rules: 'main h1',
    aim: '.live img.picture',
    board: '.cores',
  };
  await page.evaluate(`location.hash = '${view}'`);
  await page.locator(`nav [aria-current][href="#${view}"]`).waitFor();
  await page.locator(shown[view]).first().waitFor({ state: 'attached' });
}

describe.skipIf(lacks !== null)(`the views in Chromium (${lacks ?? 'all is there'})`, () => {
  test(
    'axe-core finds nothing in any view, light or dark, and none is wider than a screen of 320 to 3840 pixels, or of 360 with twice as large a text',
    async () => {
      const { url } = await startWindowDaemon();
      const { page, faults } = await openInBrowser(url, { refusals: [404] });
      await page.locator('.card .sentence').waitFor();
      for (const view of views) {
        await show(page, view);
        for (const width of widths) {
          await page.setViewportSize({ width, height: 800 });
          expect(await overflow(page), `${view} ${width}`).toEqual([]);
        }
        expect(await overflowOfLargeText(page), `${view}, large text`).toEqual([]);
        expect(await pageFaults(page), view).toEqual([]);
        await page.setViewportSize({ width: 320, height: 800 });
        expect(await pageFaults(page), `${view} 320`).toEqual([]);
      }
      expect(faults).toEqual([]);
    },
    timeout,
  );

  test(
    'English and German, light and dark are chosen by the browser or by the reader, and remembered',
    async () => {
      const { url } = await startWindowDaemon();
      const { page, faults } = await openInBrowser(url, { locale: 'de-CH', colorScheme: 'dark' });
      const navigation = (): Promise<string[]> => page.locator('nav a').allTextContents();
      const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
      await page.locator('.card .sentence').waitFor();
      expect(await page.locator('html').getAttribute('lang')).toBe('de');
      expect(await navigation()).toEqual(views.map((view) => de.nav[view]));
      const dark = await ground();

      await page.getByLabel(de.tools.language).selectOption('en');
      expect(await navigation()).toEqual(views.map((view) => en.nav[view]));
      await page.getByLabel(en.tools.theme).selectOption('light');
      const light = await ground();
      expect(light).not.toBe(dark);
      await page.reload();
      await page.locator('.card .sentence').waitFor();
      expect(await page.locator('html').getAttribute('lang')).toBe('en');
      expect(await navigation()).toEqual(views.map((view) => en.nav[view]));
      expect(await ground()).toBe(light);
      expect(faults).toEqual([]);
    },
    timeout,
  );

  test(
    'the page is there after less than 100 kB, and is used without a mouse',
    async () => {
      const { url } = await startWindowDaemon();
      const { page, faults } = await openInBrowser(url);
      await page.locator('nav').waitFor();
      const session = await page.context().newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.setCacheDisabled', { cacheDisabled: true });
      let bytes = 0;
      session.on('Network.loadingFinished', ({ encodedDataLength }) => {
        bytes += encodedDataLength;
      });
      await page.reload();
      await page.locator('nav').waitFor();
      expect(bytes).toBeGreaterThan(10_000);
      expect(bytes).toBeLessThan(100_000);

      await page.locator('.card .sentence').waitFor();
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus').textContent()).toBe(en.nav.skip);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus').textContent()).toBe(en.nav.past);
      await page.keyboard.press('Enter');
      await page.locator('main h1', { hasText: en.past.title }).waitFor({ state: 'attached' });
      expect(await page.evaluate('document.activeElement.id')).toBe('content');
      expect(faults).toEqual([]);
    },
    timeout,
  );
});
