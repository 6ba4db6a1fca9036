import { expect, test } from 'vitest';
import type { CameraSettings, ChangedSettings } from '../../src/domain/camera-settings.ts';
import type { SettingsStore } from '../../src/pipeline/ports.ts';
import { Settings, type SettingsParts } from '../../src/pipeline/settings.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const porch: CameraSettings = { paused: false, intervalMs: 10_000, prompt: 'default' };

class MemoryStore implements SettingsStore {
  kept: ReadonlyMap<string, ChangedSettings> = new Map();
  saves = 0;
  fault: Error | null = null;
  async load(): Promise<ReadonlyMap<string, ChangedSettings>> {
    return this.kept;
  }
  async save(changed: ReadonlyMap<string, ChangedSettings>): Promise<void> {
    this.saves++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.fault) throw this.fault;
    this.kept = new Map(changed);
  }
}

async function settingsOf(
  store: MemoryStore,
  parts: Partial<SettingsParts> = {},
): Promise<{ settings: Settings; told: [string, CameraSettings][] }> {
  const told: [string, CameraSettings][] = [];
  const settings = new Settings({
    configured: { porch, yard: porch },
    prompts: ['default', 'brief'],
    changeable: ['paused', 'intervalMs', 'prompt'],
    store,
    log: new LogLines(),
    ...parts,
  });
  settings.onChange((camera, now) => void told.push([camera, now]));
  await settings.load();
  return { settings, told };
}

test('a change applies immediately and after a restart; other cameras and settings stay as configured', async () => {
  const store = new MemoryStore();
  const { settings, told } = await settingsOf(store);
  const now = await settings.set('porch', { paused: true });
  expect(now).toEqual({ ...porch, paused: true });
  expect(told).toEqual([['porch', now]]);
  await settings.set('porch', { intervalMs: 500 });
  const { settings: later } = await settingsOf(store);
  expect(later.of('porch')).toEqual({ ...porch, paused: true, intervalMs: 500 });
  expect(later.of('yard')).toEqual(porch);
});

test('an unchanged value is not written; a value set back to the config’s is removed from the store', async () => {
  const store = new MemoryStore();
  const { settings, told } = await settingsOf(store);
  await settings.set('porch', { paused: false });
  expect([store.saves, told.length]).toEqual([0, 0]);
  await settings.set('porch', { paused: true });
  await settings.set('porch', { paused: false });
  expect(store.kept).toEqual(new Map());
  expect(settings.of('porch')).toEqual(porch);
});

test('a later edit of the config overrides a kept change', async () => {
  const store = new MemoryStore();
  const { settings } = await settingsOf(store);
  await settings.set('porch', { intervalMs: 500 });
  await settings.set('porch', { prompt: 'brief' });
  const configured = { porch: { ...porch, intervalMs: 60_000 }, yard: porch };
  const { settings: later } = await settingsOf(store, { configured });
  expect(later.of('porch')).toEqual({ paused: false, intervalMs: 60_000, prompt: 'brief' });
  // The change stays discarded, even if the config returns to its first value.
  const { settings: last } = await settingsOf(store);
  expect(last.of('porch').intervalMs).toBe(10_000);
});

test.each<[string, Partial<SettingsParts>]>([
  ['the camera is removed', { configured: { yard: porch } }],
  ['the prompt is removed', { prompts: ['default'] }],
  ['it can no longer be changed', { changeable: ['paused', 'intervalMs'] }],
])('a kept change is discarded if %s', async (_name, parts) => {
  const store = new MemoryStore();
  await (await settingsOf(store)).settings.set('porch', { prompt: 'brief' });
  await settingsOf(store, parts);
  expect(store.kept).toEqual(new Map());
  expect((await settingsOf(store)).settings.of('porch')).toEqual(porch);
});

test('unknown cameras and prompts are refused by name', async () => {
  const { settings, told } = await settingsOf(new MemoryStore());
  await expect(settings.set('prch', { paused: true })).rejects.toMatchObject({
    code: 'unknown',
    message: 'no camera is named "prch"; there are: porch, yard',
  });
  await expect(settings.set('porch', { prompt: 'x' })).rejects.toMatchObject({ code: 'unknown' });
  await expect(settings.set('constructor', { paused: true })).rejects.toMatchObject({ code: 'unknown' });
  expect(told).toEqual([]);
});

test('a change that cannot be stored applies and rejects; the next change stores both', async () => {
  const store = new MemoryStore();
  const { settings } = await settingsOf(store);
  store.fault = new Error('no space left on device');
  await expect(settings.set('porch', { paused: true })).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('no space left on device'),
  });
  expect(settings.of('porch').paused).toBe(true);
  store.fault = null;
  await settings.set('yard', { paused: true });
  expect([...store.kept.keys()]).toEqual(['porch', 'yard']);
});

test('many changes at once take few writes, and each resolves after it is stored', async () => {
  const store = new MemoryStore();
  const { settings } = await settingsOf(store);
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      await settings.set('porch', { intervalMs: 1000 + index });
      expect(store.kept.get('porch')?.intervalMs?.value).toBeGreaterThanOrEqual(1000 + index);
    }),
  );
  expect(store.saves).toBeLessThanOrEqual(2);
  void settings.set('yard', { paused: true });
  await settings.close();
  expect(store.kept.get('yard')).toEqual({ paused: { value: true, config: false } });
});
