import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { MaskedCamera } from '../../src/gate/masked-camera.ts';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { pageFaults } from '../../tools/test/page-faults.ts';
import { until } from '../../tools/test/until.ts';
import { startWindowDaemon } from '../../tools/test/window-daemon.ts';

const lacks = chromiumLacks();
const topic = 'scenecast/board/drawn';
const timeout = 120_000;

type Point = readonly [x: number, y: number];
type Corners = Point[];

/** Well within and beside the zone that is drawn: a JPEG's blocks blur its edges. */
const inside = [
  [0.17, 0.17],
  [0.53, 0.73],
] as const;
const outside = [
  [0.7, 0.05],
  [0.95, 0.95],
] as const;

const size = { width: 336, height: 336 };
const scene = await drawScene(sampleScene(900_000, size));

/** What the engine gets of the drawn scene under a mask. */
async function masked(mask: Corners): Promise<Uint8Array> {
  const camera = {
    name: 'drawn',
    start: async () => {},
    capture: async () => ({ size, bytes: scene }),
    close: async () => {},
  };
  const masks = [mask];
  const { bytes } = await new MaskedCamera(camera, () => masks).capture(AbortSignal.timeout(1000));
  return bytes;
}

/** The brightest channel of any pixel from one corner to another, as shares of the picture. */
async function brightest(jpeg: Uint8Array, [left, top]: Point, [right, bottom]: Point): Promise<number> {
  const image = sharp(jpeg);
  const { width, height } = await image.metadata();
  const area = {
    left: Math.ceil(left * width),
    top: Math.ceil(top * height),
    width: Math.floor((right - left) * width),
    height: Math.floor((bottom - top) * height),
  };
  return Math.max(...(await image.extract(area).raw().toBuffer()));
}

/** Drags the middle of a corner's button to a place on the picture. */
async function drag(page: Page, corner: number, [x, y]: Point): Promise<void> {
  await page.locator('.live img.picture').scrollIntoViewIfNeeded();
  const handle = (await page.locator('.corner.privacy').nth(corner).boundingBox())!;
  const area = (await page.locator('.live img.picture').boundingBox())!;
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * x, area.y + area.height * y, { steps: 4 });
  await page.mouse.up();
}

/** The private zones that the page shows as YAML. */
async function zonesShown(page: Page): Promise<Corners[]> {
  const yaml = await page.locator('.controls pre').textContent();
  const lines = /privacy:\n((?:\s+- .*\n?)*)/.exec(yaml ?? '')?.[1] ?? '';
  return [...lines.matchAll(/- (.*)/g)].map(([, corners]) => JSON.parse(corners!));
}

describe.skipIf(lacks !== null)(`zones drawn in Chromium (${lacks ?? 'all is there'})`, () => {
  test(
    'a private zone drawn by dragging is black in the next frame that the engine gets, and wherever pictures are shown',
    async () => {
      const { url, subscriber } = await startWindowDaemon({
        camera: { interval: '500ms', image: { enabled: true } },
      });
      const observations = (): { id: string; captured_at: string; image: { sha256: string } }[] =>
        subscriber.json(`${topic}/observation`);
      const images: { id: unknown; jpeg: Buffer }[] = [];
      subscriber.client.on('message', (name, jpeg, { properties }) => {
        if (name === `${topic}/image` && jpeg.length > 0)
          images.push({ id: properties?.userProperties?.['id'], jpeg });
      });
      await until(() => observations().length === 1 && images.length === 1, 60_000);
      expect(observations()[0]!.image.sha256).toBe(sha256(scene));

      // The first picture of the window is asked for before there is one, if the page is quick.
      const { page, faults } = await openInBrowser(`${url}#aim/drawn`, { refusals: [404] });
      await page.locator('.live img.picture').waitFor();
      await page.getByRole('button', { name: 'Black out a zone' }).click();
      await drag(page, 0, [0.1, 0.1]);
      await drag(page, 1, [0.6, 0.1]);
      await drag(page, 2, [0.6, 0.8]);
      await drag(page, 3, [0.1, 0.8]);
      const [zone] = await zonesShown(page);
      for (const [index, [x, y]] of [
        [0.1, 0.1],
        [0.6, 0.1],
        [0.6, 0.8],
        [0.1, 0.8],
      ].entries()) {
        expect(zone![index]![0]).toBeCloseTo(x!, 1.5);
        expect(zone![index]![1]).toBeCloseTo(y!, 1.5);
      }
      // A page that is open elsewhere, to which no other picture gets.
      const other = await openInBrowser(url);
      await other.page.locator('.card img.picture').waitFor();
      await other.page.route('**/window/pictures/*', () => {});
      expect(await pageFaults(page)).toEqual([]);
      const appliedAt = Date.now();
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('This applies now.').waitFor();
      await other.page.getByText('No picture is kept of this description.').waitFor();
      expect(await other.page.locator('.card img.picture').count()).toBe(0);
      expect(other.faults).toEqual([]);

      // The scene stays the same: it is described again only because what was described is no longer there.
      const later = () => observations().filter(({ captured_at }) => Date.parse(captured_at) > appliedAt);
      await until(() => later().length > 0, 30_000);
      const seen = await masked(zone!);
      expect(later()[0]!.image.sha256).toBe(sha256(seen));
      expect(await brightest(seen, ...inside)).toBeLessThan(16);
      expect(await brightest(seen, ...outside)).toBeGreaterThan(64);

      await until(() => images.at(-1)!.id === later()[0]!.id);
      for (const { jpeg } of images.slice(1)) {
        expect(await brightest(jpeg, ...inside)).toBeLessThan(16);
        expect(await brightest(jpeg, ...outside)).toBeGreaterThan(64);
      }

      await page.getByRole('link', { name: 'Now' }).click();
      await page.locator(`.card img[src$="${later()[0]!.id}"]`).waitFor();
      for (const path of [`pictures/${later()[0]!.id}`, 'cameras/drawn/live']) {
        const jpeg = await page.request.get(`${url}window/${path}`);
        expect(await brightest(await jpeg.body(), ...inside)).toBeLessThan(16);
      }
      expect((await page.request.get(`${url}window/pictures/${observations()[0]!.id}`)).status()).toBe(404);
      expect(faults).toEqual([]);
    },
    timeout,
  );

  test(
    'a private zone is drawn by keyboard alone, and a zone of the config stays',
    async () => {
      const ofConfig: Corners = [
        [0, 0],
        [0.2, 0],
        [0, 0.2],
      ];
      const { url, subscriber } = await startWindowDaemon({ camera: { privacy: [ofConfig] } });
      await until(() => subscriber.json(`${topic}/observation`).length === 1, 60_000);
      const { page, faults } = await openInBrowser(`${url}#aim`, { refusals: [404] });
      await page.locator('.live img.picture').waitFor();
      expect(await zonesShown(page)).toEqual([ofConfig]);

      await page.getByRole('button', { name: 'Black out a zone' }).focus();
      await page.keyboard.press('Enter');
      // From the first corner of the new zone on; those of the config's come before it.
      await page.getByRole('button', { name: /^Corner 1 of zone 2/ }).focus();
      await page.keyboard.press('Shift+ArrowLeft');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Delete');
      expect(await zonesShown(page)).toEqual([
        ofConfig,
        [
          [0.25, 0.295],
          [0.7, 0.7],
          [0.3, 0.7],
        ],
      ]);

      // The config's zone cannot be taken away here, though the page lets one try.
      const zones = page.locator('.zone-list li');
      await zones.first().getByRole('button', { name: 'Remove' }).focus();
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'Apply' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('This applies now.').waitFor();
      const shown = await zonesShown(page);
      expect(shown).toHaveLength(2);
      expect(shown).toContainEqual(ofConfig);
      expect(shown).toContainEqual([
        [0.25, 0.295],
        [0.7, 0.7],
        [0.3, 0.7],
      ]);
      expect(faults).toEqual([]);
    },
    timeout,
  );
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
