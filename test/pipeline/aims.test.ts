import { expect, test } from 'vitest';
import type { CameraAim, ChangedAim, Zone } from '../../src/domain/camera-aim.ts';
import { Aims } from '../../src/pipeline/aims.ts';
import type { AimStore } from '../../src/pipeline/ports.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const zone = (y: number): Zone => [
  [0, 0],
  [1, 0],
  [1, y],
];
const [door, street, tree] = [zone(0.1), zone(0.2), zone(0.3)];
const porch: CameraAim = { sensitivity: 50, ignore: [tree], privacy: [door] };

class MemoryStore implements AimStore {
  kept: ReadonlyMap<string, ChangedAim> = new Map();
  fault: Error | null = null;
  async load(): Promise<ReadonlyMap<string, ChangedAim>> {
    return this.kept;
  }
  async save(changed: ReadonlyMap<string, ChangedAim>): Promise<void> {
    if (this.fault) throw this.fault;
    this.kept = new Map(changed);
  }
}

async function aimsOf(store: AimStore, configured: CameraAim = porch): Promise<Aims> {
  const aims = new Aims({ configured: { porch: configured }, store, log: new LogLines() });
  await aims.load();
  return aims;
}

test('a change applies at once and after a restart, and is the same object until the next', async () => {
  const store = new MemoryStore();
  const aims = await aimsOf(store);
  const told: unknown[] = [];
  aims.onChange((camera, now, before) => void told.push([camera, now, before]));
  expect(aims.of('porch')).toEqual(porch);
  const changed = { sensitivity: 60, ignore: [], privacy: [door, street] };
  const now = await aims.set('porch', changed);
  expect(now).toEqual(changed);
  expect(aims.of('porch')).toBe(now);
  expect(told).toEqual([['porch', changed, porch]]);
  expect((await aimsOf(store)).of('porch')).toEqual(changed);
});

test('private zones of the config cannot be taken away, those that were added can', async () => {
  const store = new MemoryStore();
  const aims = await aimsOf(store);
  await aims.set('porch', { ...porch, privacy: [street] });
  expect(aims.of('porch').privacy).toEqual([door, street]);
  await aims.set('porch', { ...porch, privacy: [] });
  expect(aims.of('porch')).toEqual(porch);
});

test('another config ends what overrode it, but uncovers nothing', async () => {
  const store = new MemoryStore();
  await (await aimsOf(store)).set('porch', { sensitivity: 60, ignore: [], privacy: [door, street] });
  const edited = { sensitivity: 40, ignore: [street], privacy: [] };
  expect((await aimsOf(store, edited)).of('porch')).toEqual({ ...edited, privacy: [street] });
  // Pasted into the config, a zone is there once.
  const pasted = { ...porch, privacy: [street, door] };
  expect((await aimsOf(store, pasted)).of('porch').privacy).toEqual([street, door]);
});

test('a camera without a gate gets no sensitivity', async () => {
  const aims = await aimsOf(new MemoryStore(), { ...porch, sensitivity: null });
  expect((await aims.set('porch', { ...porch, sensitivity: 60 })).sensitivity).toBeNull();
});

test('a change that cannot be saved applies, and says so', async () => {
  const store = new MemoryStore();
  const aims = await aimsOf(store);
  store.fault = new Error('disk full');
  await expect(aims.set('porch', { ...porch, privacy: [street] })).rejects.toThrow(
    /applied, but .*disk full/,
  );
  expect(aims.of('porch').privacy).toEqual([door, street]);
  await expect(aims.set('constructor', porch)).rejects.toThrow('no camera is named "constructor"');
  await aims.close();
});
