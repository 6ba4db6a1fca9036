import { join } from 'node:path';
import sharp from 'sharp';
import { ulid } from 'ulid';
import { describe, expect, test } from 'vitest';
import type { WindowCamera } from '../../src/contract/window.ts';
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
const rule_specs: WindowCamera['rule_specs'] = {
  gate_left_open: {
    name: 'Gate left open',
    when: { kind: 'compare', question: 'gate_open', is: '==', value: true },
    agree: { votes: 2, of: 3 },
    hold_s: 300,
    cooldown_s: 1800,
  },
  gate_closed: {
    name: 'Gate closed',
    when: { kind: 'compare', question: 'gate_open', is: '==', value: false },
    agree: { votes: 1, of: 1 },
    hold_s: 0,
    cooldown_s: 0,
  },
};
const porch = { ...porchFacts.cameras['porch']!, questions, rule_specs };

/** A page at a view of a window with one camera. */
async function openAt(
  hash: string,
  options: Parameters<typeof startWindow>[0] = {},
  refusals: number[] = [],
) {
  const running = startWindow({
    files: await readStaticFiles(pageFolder),
    encode: async () => jpeg,
    facts: { ...porchFacts, cameras: { porch } },
    ...options,
  });
  const opened = await openInBrowser(`${await running.listen()}/${hash}`, { refusals });
  return { ...opened, window: running.window };
}

describe.skipIf(lacks !== null)(`rules in Chromium (${lacks ?? 'all is there'})`, () => {
  test('answers on Now show how sure they are', async () => {
    const { page, window, faults } = await openAt('');
    const judged = {
      gate_open: { value: true, confidence: 0.97, isCalibrated: true },
      sky: { value: null, confidence: 0.5, isCalibrated: false },
    };
    window.publisher.observation({ ...observation({ answers: { gate_open: true, sky: 'blue' } }), judged });
    await page.locator('.answers', { hasText: /gate open\s*yes\s*very sure/i }).waitFor();
    await page.locator('.answers', { hasText: /sky\s*unsure$/i }).waitFor();
    expect(await pageFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  test('a watch is begun, listed, ended, and its alert is shown', async () => {
    const asked: unknown[] = [];
    const watch = {
      id: ulid(),
      camera: 'porch',
      when: 'sky != blue',
      everyMs: 10_000,
      until: new Date(),
      note: 'Umbrella',
    };
    const opened = await openAt('#rules', {
      handlers: {
        watch: async ({ camera, when, everyMs, note }) => {
          asked.push({ camera, when, everyMs, note });
          opened.window.publisher.watches([watch]);
          return { watch, everyMs: 60_000, answerMs: 50_000 };
        },
        unwatch: async (id) => {
          asked.push(id);
          opened.window.publisher.watches([]);
        },
      },
    });
    const { page, window, faults } = opened;
    await page.getByLabel('What').selectOption('sky');
    await page.getByRole('combobox', { name: 'Is', exact: true }).selectOption('not');
    await page.getByLabel('Answer').selectOption('blue');
    await page.getByLabel('Look every').selectOption({ value: '10' });
    await page.getByLabel('Note').fill('Umbrella');
    await page.getByRole('button', { name: 'Watch' }).click();
    await page.getByText('When “sky” is not blue').waitFor();
    await page.locator('.watches li', { hasText: /asked to look every 10 secs?/ }).waitFor();
    const pace = /looks every 1 mins?; an answer takes about 50 s\.$/;
    await page.locator('.watch-form .facts', { hasText: pace }).waitFor();
    expect(await pageFaults(page)).toEqual([]);
    const evidence = [ulid()];
    await window.publisher.alert({
      ...{ camera: 'porch', rule: null, watch, state: 'on', at: new Date(), confidence: null },
      ...{ evidence, text: 'The sky is grey.' },
    });
    await page.locator('.alerts', { hasText: 'Umbrella came true' }).waitFor();
    await page.getByRole('button', { name: 'End' }).click();
    await page.getByText('When “sky” is not blue').waitFor({ state: 'detached' });
    expect(asked).toEqual([
      { camera: 'porch', when: 'sky != blue', everyMs: 10_000, note: 'Umbrella' },
      watch.id,
    ]);
    expect(faults).toEqual([]);
  });

  test('a rule is a sentence with its state, which changes by itself, and its pictures', async () => {
    const { page, window, faults } = await openAt('#rules', {}, [404]);
    // English of Britain says mins.
    await page.getByText(/^On when “gate open” is yes in 2 of 3 looks, for 5 mins?\.$/).waitFor();
    await page.getByText('Unknown').first().waitFor();
    const described = observation({ text: 'The gate is open.', answers: { gate_open: true } });
    window.publisher.observation(described);
    const evidence = [ulid(Date.now() - 86_400_000), described.frame.id];
    const since = new Date(Date.now() - 60_000);
    window.publisher.rule('porch', 'gate_left_open', {
      ...{ state: 'on', since, confidence: 0.9, evidence, reason: null },
    });
    window.publisher.rule('porch', 'gate_closed', {
      ...{ state: 'off', since, confidence: 0.9, evidence, reason: null },
    });
    const left = page.locator('.rule', { hasText: 'Gate left open' });
    await left.locator('.rule-state.on', { hasText: 'On' }).waitFor();
    await page.locator('.rule-state.off').waitFor();
    await left.locator('.evidence').getByRole('img', { name: 'The gate is open.' }).waitFor();
    await left.locator('.evidence .thumbnail.none').waitFor();
    await left.getByText(/for (1 min|59 sec)/).waitFor();
    expect(await left.textContent()).toMatch(/for .*sure/);
    expect(await pageFaults(page)).toEqual([]);
    window.publisher.rule('porch', 'gate_left_open', {
      ...{ state: 'unknown', since: new Date(), confidence: null, evidence: [], reason: 'stale' },
    });
    await page.getByText('No look has shown it for too long.').waitFor();
    expect(faults).toEqual([]);
  });
});
