import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Outbox } from '../../src/store/outbox.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { scratchFolder } from '../../tools/test/mqtt.ts';

const bounds = { maxEntries: 100, maxBytes: 1 << 20, maxAgeMs: 1e9, replayMs: 1e9 };

/** A daemon that cannot use its store. @returns what it says before it exits */
async function refused(folder: string): Promise<{ code: number | null; stderr: string; log: unknown[] }> {
  const daemon = new Daemon({
    device: 'twice',
    mqtt: { url: 'mqtt://127.0.0.1:1' },
    store: { folder },
    cameras: { drawn: { source: { type: 'scene' } } },
  });
  const { code } = await daemon.exit();
  return { code, stderr: daemon.stderr, log: daemon.log.filter(({ level }) => level >= 40) };
}

test('a second daemon with the same device and store says just that', async () => {
  const folder = scratchFolder();
  const first = new Outbox({ path: join(folder, 'outbox-twice.db'), bounds, log: new LogLines() });
  await first.open();
  onTestFinished(() => first.close());
  await first.add({ id: 'a', camera: 'porch', body: '{}' });
  const second = await refused(folder);
  expect(second.code).toBe(78);
  expect(second.log).toEqual([]);
  expect(second.stderr).toMatch(/^scenecast: store\.folder: \S+ is in use by another Scenecast; give one/);
  // The first one is not disturbed.
  await first.add({ id: 'b', camera: 'porch', body: '{}' });
  expect(first.health).toMatchObject({ depth: 2, fault: null });
});

test.each([
  ['a file', (folder: string) => writeFileSync(folder, '')],
  [
    'a folder with a folder in place of the outbox',
    (folder: string) => mkdirSync(join(folder, 'outbox-twice.db'), { recursive: true }),
  ],
])('a store.folder that is %s is the first reason, and the only one', async (_what, make) => {
  const folder = join(scratchFolder(), 'store');
  make(folder);
  const { code, stderr, log } = await refused(folder);
  expect(code).toBe(78);
  expect(log).toEqual([]);
  expect(stderr).toMatch(/^scenecast: store\.folder: \S+ cannot be used/);
});
