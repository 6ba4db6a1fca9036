/**
 * Photographs the window: Chromium at a daemon with the demo model and drawn cameras.
 *
 *   npm run docs:screenshots               writes all as build/screenshots/window-VIEW-DEVICE-THEME.png, and those that the
 *                                          docs show into docs/images
 *   npm run docs:screenshots -- --all      also those of them that look as before
 *
 * Times, loads and memory differ from run to run, so a picture of the docs that differs from the one that is there in little
 * more than them is not written. The hour of measures in the chart of the view Aim is made up, since a run takes a minute.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import type { WindowGateReading } from '../../src/contract/window.ts';
import { startChromium } from '../test/chromium.ts';
import { freePort } from '../test/free-port.ts';
import { Mosquitto } from '../test/mosquitto.ts';
import { seededRandom } from '../test/seeded-random.ts';
import { Subscriber } from '../test/subscriber.ts';
import { until } from '../test/until.ts';

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
const root = join(import.meta.dirname, '../..');
const themes = ['light', 'dark'] as const;
const devices = {
  desktop: { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
  phone: { viewport: { width: 360, height: 720 }, deviceScaleFactor: 1 },
} as const;
/** Each view, and what it has to show before it is photographed. */
const views = {
  now: async (page: Page): Promise<void> => {
    await page.locator('.card img.picture').nth(2).waitFor();
  },
  past: async (page: Page): Promise<void> => {
    await page.locator('.past li.entry').first().waitFor();
    await page.getByLabel('Words to search for').fill('circle');
    await page.keyboard.press('Enter');
    await page.locator('mark').first().waitFor();
    // What was there before is replaced by what was found.
    await page.waitForTimeout(1000);
    await page.waitForFunction('document.querySelector("li:has(mark) img.thumbnail")?.naturalWidth > 0');
  },
  rules: async (page: Page): Promise<void> => {
    await page.locator('.rule-state.on').first().waitFor();
    await page.waitForFunction('document.querySelector(".evidence img")?.naturalWidth > 0');
  },
  teach: async (page: Page): Promise<void> => {
    await page.locator('.label-form img.picture').waitFor();
    await page.waitForFunction('document.querySelector(".label-form img.picture").naturalWidth > 0');
  },
  aim: drawZones,
  board: async (page: Page): Promise<void> => {
    await page.locator('.cores').waitFor();
    // The loads of the cores are known from the second reading on.
    await page.locator('.cores', { hasText: '%' }).waitFor();
  },
};
const lookFolder = join(root, 'build/screenshots');
mkdirSync(lookFolder, { recursive: true });
/** Those that the docs show. */
const shown = new Set(
  ['README.md', 'docs/window.md']
    .flatMap((page) => [...readFileSync(join(root, page), 'utf8').matchAll(/(window-[\w-]+)\.webp/g)])
    .map(([, name]) => name),
);
/** The Debian package has them too. */
const [maxWidth, maxBytes] = [960, 40_000];
/** The mean difference of all channels from the picture that is there, of 255: less is but times and loads. */
const minDifference = 1.5;

const questions = {
  square: { name: 'yellow square', ask: 'Is there a yellow square?', type: 'boolean' },
  circle: { name: 'red circle', ask: 'Is there a red circle?', type: 'boolean' },
};
const cameraOf = (name: string, seed: number, every: string, more: object = {}): object => ({
  name,
  source: { type: 'scene', seed: 900_000 + seed, size: '640x480', every },
  interval: '2s',
  questions,
  collect: { keep: 20 },
  ...more,
});
/** What is in the history: each of these scenes is described once. */
const pastScenes = 8;
const pastCameras = { table: cameraOf('Drawing table', 10, '5s') };
const cameras = {
  table: cameraOf('Drawing table', 1, '1h', {
    rules: { arrived: { name: 'The square is there', when: 'square', agree: '2 of 3' } },
  }),
  shelf: cameraOf('Shelf', 22, '1h', {
    rules: { warning: { name: 'Warning light', when: 'circle', agree: '2 of 3', cooldown: '30m' } },
  }),
  door: cameraOf('Door', 32, '1h'),
};

const folder = mkdtempSync(join(tmpdir(), 'scenecast-screenshots-'));
const port = await freePort();
const url = `http://127.0.0.1:${port}/`;
const broker = await Mosquitto.start();
const subscriber = await Subscriber.start(broker.url, 'scenecast/+/+/observation');
const browser = await startChromium();
const running = new Set<ChildProcess>();
try {
  const before = startDaemon(pastCameras);
  await until(() => subscriber.received.length >= pastScenes, 120_000);
  // What is kept is written when the daemon ends.
  await end(before);
  startDaemon(cameras);
  await until(() => subscriber.received.length >= pastScenes + Object.keys(cameras).length, 120_000);
  for (const [device, options] of Object.entries(devices)) {
    for (const colorScheme of themes) {
      const context = await browser.newContext({ ...options, colorScheme, locale: 'en-GB' });
      const page = await context.newPage();
      await page.route('**/gate', (route) => route.fulfill({ json: hourOfMeasures(Date.now()) }));
      for (const [view, show] of Object.entries(views)) {
        await page.goto('about:blank');
        await page.goto(`${url}#${view}`);
        await show(page);
        await keep(`window-${view}-${device}-${colorScheme}`, await page.screenshot());
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  for (const daemon of running) await end(daemon);
  await subscriber.close();
  await broker.close();
  rmSync(folder, { recursive: true });
}

function startDaemon(watched: object): ChildProcess {
  const config = {
    device: 'workshop',
    name: 'Workshop',
    mqtt: { url: broker.url, commands: { ask: true } },
    store: { folder: 'state' },
    history: { thumbnails: true },
    model: { threads: 1 },
    web: { listen: `127.0.0.1:${port}` },
    cameras: watched,
  };
  const path = join(folder, 'config.yaml');
  writeFileSync(path, JSON.stringify(config)); // JSON is YAML
  const daemon = spawn(join(root, 'bin/scenecast'), ['run', '--config', path], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.add(daemon);
  return daemon;
}

async function end(daemon: ChildProcess): Promise<void> {
  running.delete(daemon);
  daemon.kill('SIGTERM');
  if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
}

/** A zone of each kind, the private one selected. */
async function drawZones(page: Page): Promise<void> {
  await page.locator('.live img.picture').waitFor();
  await page.getByRole('button', { name: 'Ignore changes in a zone' }).click();
  await moveCorners('ignore', [
    [0.02, 0.03],
    [0.98, 0.03],
    [0.98, 0.2],
    [0.02, 0.14],
  ]);
  await page.getByRole('button', { name: 'Black out a zone' }).click();
  await moveCorners('privacy', [
    [0.62, 0.66],
    [0.9, 0.62],
    [0.94, 0.93],
    [0.58, 0.94],
  ]);
  await page.evaluate('scrollTo(0, 0)');

  async function moveCorners(kind: string, corners: readonly (readonly [number, number])[]): Promise<void> {
    await page.locator('.live img.picture').scrollIntoViewIfNeeded();
    const area = (await page.locator('.live img.picture').boundingBox())!;
    for (const [index, [x, y]] of corners.entries()) {
      const corner = (await page.locator(`.corner.${kind}`).nth(index).boundingBox())!;
      await page.mouse.move(corner.x + corner.width / 2, corner.y + corner.height / 2);
      await page.mouse.down();
      await page.mouse.move(area.x + x * area.width, area.y + y * area.height, { steps: 3 });
      await page.mouse.up();
    }
  }
}

/** A quiet scene in which something happens now and then. */
function hourOfMeasures(nowMs: number): WindowGateReading[] {
  const random = seededRandom(7);
  return Array.from({ length: 360 }, (_, index) => {
    const isEvent = random() < 0.05;
    const measure = isEvent ? 0.6 + random() * 14 : 0.02 + random() ** 3 * 0.3;
    const at = new Date(nowMs - (360 - index) * 10_000).toISOString();
    return { at, measure: Math.round(measure * 100) / 100, threshold: 0.5, changed: measure > 0.5 };
  });
}

async function keep(name: string, png: Buffer): Promise<void> {
  writeFileSync(join(lookFolder, `${name}.png`), png);
  if (!shown.has(name)) return;
  const path = join(root, 'docs/images', `${name}.webp`);
  const webp = await sharp(png)
    .resize({ width: maxWidth, withoutEnlargement: true })
    .webp({ quality: 55, effort: 6, smartSubsample: true })
    .toBuffer();
  if (webp.length > maxBytes) throw new Error(`${name}: ${webp.length} bytes, more than ${maxBytes}`);
  const difference = existsSync(path) ? await differenceOf(webp, readFileSync(path)) : 255;
  const isKept = difference < minDifference && !values.all;
  if (!isKept) writeFileSync(path, webp);
  console.log(`${name}: ${(webp.length / 1000).toFixed(0)} kB, ${isKept ? 'as before' : 'written'}`);
}

/** The mean difference of all channels, from 0 to 255. */
async function differenceOf(a: Buffer, b: Buffer): Promise<number> {
  const [one, other] = await Promise.all([a, b].map((each) => sharp(each).removeAlpha().raw().toBuffer()));
  if (one!.length !== other!.length) return 255;
  let sum = 0;
  for (let index = 0; index < one!.length; index++) sum += Math.abs(one![index]! - other![index]!);
  return sum / one!.length;
}
