import { describe, expect, test } from 'vitest';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { pageFaults } from '../../tools/test/page-faults.ts';
import { until } from '../../tools/test/until.ts';
import { startWindowDaemon } from '../../tools/test/window-daemon.ts';

const lacks = chromiumLacks();
const topic = 'scenecast/board/drawn';
const timeout = 120_000;

/** What stood on a page, and when by the clock of this machine. */
interface Seen {
  /** Of the observation whose picture is shown. */
  readonly id: string;
  readonly sentence: string;
  readonly atMs: number;
}

/** Notes what stands on a page after each change, in `seen`. */
const noteChanges = `
  globalThis.seen = [];
  new MutationObserver(() => {
    const id = document.querySelector('.card img.picture')?.getAttribute('src').split('/').at(-1);
    const sentence = document.querySelector('.card .sentence')?.textContent;
    seen.push({ id, sentence, atMs: Date.now() });
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
`;

describe.skipIf(lacks !== null)(`the window in Chromium, live (${lacks ?? 'all is there'})`, () => {
  test(
    'a description appears beside its picture within a second of its MQTT message, without a reload',
    async () => {
      const { url, subscriber } = await startWindowDaemon({
        camera: {
          source: { type: 'scene', seed: 900_000, size: '336x336', every: '1s' },
          interval: '1500ms',
        },
      });
      const published = new Map<string, { readonly description: string; readonly atMs: number }>();
      const { page, faults } = await openInBrowser(url);
      await page.locator('.card img.picture').waitFor();
      await page.evaluate(noteChanges);
      subscriber.client.on('message', (name, payload) => {
        if (name !== `${topic}/observation`) return;
        const { id, description } = JSON.parse(payload.toString());
        published.set(id, { description, atMs: Date.now() });
      });
      await until(() => published.size >= 6, 60_000);
      // The last one has a second to appear.
      await page.waitForTimeout(1000);
      const seen = await page.evaluate<Seen[]>('seen');
      const delaysMs: number[] = [];
      for (const [id, { description, atMs }] of published) {
        const shown = seen.filter((each) => each.id === id);
        expect(new Set(shown.map(({ sentence }) => sentence))).toEqual(new Set([description]));
        delaysMs.push(shown[0]!.atMs - atMs);
      }
      // Of all but one, as something else may need the machine.
      expect(delaysMs.sort((a, b) => a - b).at(-2)).toBeLessThan(1000);
      expect(faults).toEqual([]);
    },
    timeout,
  );

  test(
    'look now, a question, pause and interval do what they say, and say so',
    async () => {
      const { url, subscriber } = await startWindowDaemon();
      const { page, faults } = await openInBrowser(url);
      const card = page.locator('.card');
      await card.locator('.sentence').waitFor();
      const described = (): { trigger: string; description: string }[] =>
        subscriber.json(`${topic}/observation`);
      await until(() => described().length === 1);

      await card.getByRole('button', { name: 'Look now' }).click();
      await card.getByText('requested').waitFor();
      await until(() => described().length === 2);
      expect(described()[1]!.trigger).toBe('request');
      expect(await page.locator('output.unseen').textContent()).toBe(
        `Drawing table: ${described()[1]!.description}`,
      );

      await card.getByRole('button', { name: 'Ask …' }).click();
      await card.getByLabel('Question about what the camera sees now').fill('How many shapes are there?');
      await page.keyboard.press('Enter');
      await card.locator('.answered strong').waitFor();
      expect(await card.locator('.answered strong').textContent()).toMatch(/\S/);
      await page.waitForFunction('document.querySelector(".answered img").naturalWidth === 336');

      const config = (): object => subscriber.json(`${topic}/config`).at(-1);
      await card.getByRole('button', { name: 'Pause' }).click();
      await card.getByRole('button', { name: 'Resume' }).waitFor();
      await card.getByText('This camera is paused').waitFor();
      await until(() => 'paused' in config() && config()['paused' as never] === true);
      await card.getByRole('button', { name: 'Resume' }).click();
      await card.getByRole('button', { name: 'Pause' }).waitFor();

      await card.getByRole('button', { name: 'Settings' }).click();
      expect(await pageFaults(page)).toEqual([]);
      await page.getByLabel('Look every (seconds)').fill('2.5');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await until(() => config()['interval_s' as never] === 2.5);
      expect(config()).toMatchObject({ paused: false, interval_s: 2.5 });
      expect(faults).toEqual([]);
    },
    timeout,
  );
});
