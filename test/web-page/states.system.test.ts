import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readStaticFiles } from '../../src/web/static-files.ts';
import type { Window } from '../../src/web/window.ts';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { observation } from '../../tools/test/observation.ts';
import { pageFaults } from '../../tools/test/page-faults.ts';
import { boardHealth } from '../../tools/test/running-metrics.ts';
import { emptyBoard, porchFacts, startWindow } from '../../tools/test/running-window.ts';

const lacks = chromiumLacks();
const pageFolder = join(import.meta.dirname, '../../build/web');
const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#884422' } })
  .jpeg()
  .toBuffer();
const since = new Date();
const settings = { paused: false, intervalMs: 10_000, prompt: 'default' };
const online = { state: 'online', problem: null, reason: null } as const;
const current = { state: 'current', since, reason: null } as const;
const questions = {
  gate: { ask: 'Is the gate open?', name: null },
};

/** A window with one camera and the built page, and a browser at it. */
async function openWindow(
  options: Parameters<typeof startWindow>[0] = {},
): Promise<{ window: Window; page: Page; faults: readonly string[] }> {
  const files = await readStaticFiles(pageFolder);
  const running = startWindow({
    files,
    encode: async () => jpeg,
    facts: { ...porchFacts, cameras: { porch: { ...porchFacts.cameras['porch']!, questions } } },
    ...options,
  });
  // 404: a picture that is not kept. 503: the window has closed.
  const refusals = [404, 503];
  const { page: opened, faults } = await openInBrowser(`${await running.listen()}/`, { refusals });
  return { window: running.window, page: opened, faults };
}

describe.skipIf(lacks !== null)(`states of the window in Chromium (${lacks ?? 'all is there'})`, () => {
  test('HTML in descriptions, answers, names and reasons is shown as text', async () => {
    const html = `<img src=x onerror="document.title='run'"><script>document.title='run'</script><b>bold</b>`;
    const camera = {
      name: html,
      source: 'scene',
      rule_specs: {},
      collects: false,
      questions: { count: { ask: html, name: html, type: 'text' as const } },
    };
    const { window, page, faults } = await openWindow({
      facts: { ...porchFacts, name: html, prompts: ['default'], cameras: { porch: camera } },
      handlers: { request: async () => ({ observation: observation({ text: html }), answer: html }) },
    });
    window.publisher.cameraStatus('porch', { state: 'online', problem: 'covered', reason: html });
    window.publisher.cameraSettings('porch', settings, null);
    window.publisher.cameraVision('porch', { state: 'failing', since, reason: html });
    window.publisher.observation(observation({ text: html, answers: { count: html } }));
    const card = page.locator('.card');
    await card.locator('img.picture').waitFor();
    expect(await card.locator('.sentence').textContent()).toBe(html);
    expect(await card.locator('img.picture').getAttribute('alt')).toBe(html);
    expect(await card.locator('h2').textContent()).toBe(html);
    expect(await card.locator('.answers').textContent()).toBe(`${html}${html}`);
    expect(await card.locator('.reason').textContent()).toContain(html);
    expect(await page.locator('.brand').textContent()).toContain(html);
    await card.getByRole('button', { name: 'Ask …' }).click();
    await card.locator('form.ask input').fill(html);
    await page.keyboard.press('Enter');
    await card.locator('.answered strong').waitFor();
    expect(await card.locator('.answered').textContent()).toBe(`${html} ${html}`);
    expect(await page.locator('b, main script').count()).toBe(0);
    expect(await page.title()).toBe('Scenecast');
    expect(faults).toEqual([]);
  });

  test('a page that stays open while the daemon is upgraded loads the new one, and only then', async () => {
    const files = await readStaticFiles(pageFolder);
    const ports = await Promise.all(
      ['1.0.0', '1.0.0', '1.1.0'].map(async (version) => {
        const address = await startWindow({ files, facts: { ...porchFacts, version } }).listen();
        return Number(new URL(address).port);
      }),
    );
    const open = new Set<Socket>();
    let port = ports[0]!;
    // At the same address for the browser.
    const front = createServer((socket) => {
      const behind = connect(port, '127.0.0.1');
      for (const each of [socket, behind]) open.add(each.on('error', () => {}));
      socket.pipe(behind).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    onTestFinished(() => {
      for (const socket of open) socket.destroy();
      front.close();
    });
    const { page } = await openInBrowser(`http://127.0.0.1:${(front.address() as AddressInfo).port}/`, {
      refusals: [404],
    });
    const restart = async (next: number): Promise<void> => {
      port = ports[next]!;
      for (const socket of open) socket.destroy();
      await page.getByText('No connection to the board').waitFor();
    };
    await page.locator('.card').waitFor();
    await page.evaluate('globalThis.mark = 1');
    await restart(1);
    await page.getByText('No connection to the board').waitFor({ state: 'detached' });
    expect(await page.evaluate('globalThis.mark')).toBe(1);
    const loaded = page.waitForEvent('load');
    await restart(2);
    await loaded;
    await page.locator('.card').waitFor();
    expect(await page.evaluate('globalThis.mark')).toBeUndefined();
  });

  test('every state of a camera and of the board is said in words, and axe-core finds nothing', async () => {
    let isConnected = true;
    let loading: number | null = null;
    const { window, page, faults } = await openWindow({
      isBrokerConnected: () => isConnected,
      loading: () => loading,
    });
    const { publisher } = window;
    const says = async (text: string | RegExp): Promise<void> => {
      await page.getByText(text).first().waitFor();
      expect(await pageFaults(page), String(text)).toEqual([]);
    };
    await says('Nothing has been described yet.');
    publisher.cameraStatus('porch', online);
    publisher.cameraSettings('porch', settings, null);
    publisher.cameraVision('porch', current);
    publisher.observation(observation({ text: 'A red ball.', answers: { gate: true } }));
    await says('A red ball.');
    await says('Still holds');
    publisher.cameraVision('porch', { state: 'stale', since, reason: 'the last look is 3 min old' });
    await says('the last look is 3 min old');
    for (const problem of ['frozen', 'black', 'covered'] as const) {
      publisher.cameraStatus('porch', { state: 'online', problem, reason: `it is ${problem}` });
      await says(`it is ${problem}`);
    }
    const reason = 'nothing answers at 192.0.2.7; is it powered?';
    publisher.cameraStatus('porch', { state: 'offline', problem: null, reason });
    publisher.cameraVision('porch', { state: 'failing', since, reason });
    await says('Offline');
    publisher.cameraStatus('porch', online);
    publisher.cameraSettings('porch', { ...settings, paused: true }, null);
    publisher.cameraVision('porch', { state: 'paused', since, reason: 'the camera is paused' });
    await says('This camera is paused. “Look now” still works.');
    publisher.cameraSettings('porch', settings, { open: false, until: new Date(Date.now() + 3_600_000) });
    await says(/^Outside its hours, until/);
    publisher.health({ ...boardHealth, engine: 'failing' });
    await says('The last description failed.');
    const failing = { state: 'failing', reason: 'refused', retryAt: null } as const;
    publisher.health({ ...boardHealth, engine: 'failing', remoteEngine: failing });
    await says('The server that describes does not answer: refused');
    isConnected = false;
    await says('The MQTT broker is away.');
    loading = 0.25;
    await says(/The model is loading: 25/);
    await window.close();
    await says('No connection to the board.');
    expect(faults).toEqual([]);
  }, 240_000); // axe-core runs thirty times

  test('the board says how often its engine was started again', async () => {
    const memory = {
      weights_bytes: 5,
      vision_bytes: 4,
      context_bytes: 3,
      picture_bytes: 2,
      process_bytes: 1,
    };
    const model = {
      ...{ role: null, name: 'demo', quant: 'F16', build: 'b1', detail: 'full', image_tokens: 270 },
      ...{ context_size: 2048, threads: 2, cpus: null, expected: null, memory, budget_bytes: 20 },
      ...{ restarts: 3, reasons: {}, degraded: [] },
    };
    const { page, faults } = await openWindow({ board: async () => ({ ...emptyBoard, models: [model] }) });
    await page.goto(`${page.url().split('#')[0]}#board`);
    await page.getByText(/Engine started again\s*3/).waitFor();
    expect(await pageFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  test('without cameras or pictures the page says so', async () => {
    const bare = await openWindow({ facts: { ...porchFacts, cameras: {} } });
    for (const view of ['now', 'aim']) {
      await bare.page.goto(`${bare.page.url().split('#')[0]}#${view}`);
      await bare.page.getByText('No camera is configured.').waitFor();
      expect(await pageFaults(bare.page)).toEqual([]);
    }
    const blind = await openWindow({ facts: { ...porchFacts, pictures: false } });
    blind.window.publisher.observation(observation({ text: 'A red ball.' }));
    await blind.page.getByText('Pictures are kept out of this page').waitFor();
    expect(await pageFaults(blind.page)).toEqual([]);
    expect([...bare.faults, ...blind.faults]).toEqual([]);
  });
});
