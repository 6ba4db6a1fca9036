import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Outbox } from '../../src/store/outbox.ts';
import type { NewEntry, OutboxBounds } from '../../src/store/outbox-protocol.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { until } from '../../tools/test/until.ts';

const log = new LogLines();
const roomy: OutboxBounds = { maxEntries: 1000, maxBytes: 1 << 20, maxAgeMs: 1e9, replayMs: 1e9 };

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-outbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const scratchPath = (): string => join(scratchFolder(), 'outbox.db');

async function open(path: string): Promise<Outbox> {
  const outbox = new Outbox({ path, bounds: roomy, log });
  onTestFinished(() => outbox.close());
  await outbox.open();
  return outbox;
}

const entry = (id: string, body = `body of ${id}`): NewEntry => ({ id, camera: 'porch', body });

/** Text that cannot be compressed. */
const unlike = (length: number): string => randomBytes(length).toString('base64').slice(0, length);

/** A file system of one megabyte; null where this user may not mount one. */
function smallDisk(): string | null {
  const folder = join(scratchFolder(), 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

test('a full disk is reported, entries wait in memory, and all are written once there is space', async (context) => {
  const disk = smallDisk();
  if (disk === null) return context.skip('a small file system cannot be mounted here (needs root)');
  const path = join(disk, 'outbox.db');
  const first = await open(path);
  await first.add(entry('a'));
  const filler = join(disk, 'filler');
  try {
    for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' });
  } catch {}
  const large = (id: string): NewEntry => entry(id, unlike(100_000));
  await first.add(large('b'));
  await first.add(large('c'));
  expect(first.health).toMatchObject({ depth: 3, dropped: 0, fault: expect.stringContaining('full') });
  expect(log.lines.filter(({ message }) => message.includes('cannot be written'))).toHaveLength(1);
  const [a, b] = await first.waiting(0, 2);
  expect([a?.id, b?.id]).toEqual(['a', 'b']);
  // Neither reading nor a transaction that changes nothing proves that the disk can be written.
  await first.sendAgain(1_000);
  await first.waiting(0, 2);
  expect(first.health.fault).toContain('full');
  first.delivered(b!.seq);
  await first.add(entry('d'));
  rmSync(filler);
  await first.add(entry('e'));
  expect(first.health).toMatchObject({ depth: 4, fault: null });
  const changes = log.lines.filter(({ message }) => /can(not)? be written/.test(message));
  expect(changes.map(({ level }) => level)).toEqual(['error', 'info']);
  await first.close();
  const kept = await (await open(path)).waiting(0, 10_000);
  expect(kept.map(({ id }) => id)).toEqual(['a', 'c', 'd', 'e']);
});

test('a transaction that changes nothing does not end the fault of a full disk', async (context) => {
  const disk = smallDisk();
  if (disk === null) return context.skip('a small file system cannot be mounted here (needs root)');
  const outbox = await open(join(disk, 'outbox.db'));
  for (let index = 0; index < 60; index++) await outbox.add(entry(`a${index}`, unlike(1000)));
  const [newest, ...others] = (await outbox.waiting(0, 100)).toReversed();
  for (const { seq } of others) outbox.delivered(seq);
  // Writes all of that, so that nothing is left to be written.
  expect(await outbox.waiting(0, 100)).toHaveLength(1);
  const filler = join(disk, 'filler');
  try {
    for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' });
  } catch {}
  expect(await outbox.sendAgain(0)).toBe(0);
  expect(outbox.health.fault).toContain('full');
  expect(await outbox.sendAgain(newest!.seq)).toBe(0);
  expect(outbox.health.fault).toContain('full');
  rmSync(filler);
  expect(await outbox.sendAgain(0)).toBe(59);
  expect(outbox.health.fault).toBeNull();
});

/** Adds entries as fast as it can, and prints the id of each once it is stored. */
const adder = `
  import { Outbox } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/outbox.ts'))};
  const [, path, run] = process.argv;
  const log = { debug() {}, info() {}, warn: console.error, error: console.error };
  const outbox = new Outbox({ path, bounds: { maxEntries: 1e6, maxBytes: 1e9, maxAgeMs: 1e9, replayMs: 1e9 }, log });
  await outbox.open();
  for (let index = 0; ; index++) {
    const id = run + '-' + index;
    await outbox.add({ id, camera: 'porch', body: 'x'.repeat(1500) });
    process.stdout.write(id + '\\n');
  }
`;

test('after a kill at any moment, every entry that was acknowledged is still stored', async () => {
  const path = scratchPath();
  const told: string[] = [];
  for (let run = 0; run < 4; run++) {
    const child: ChildProcess = spawn(
      process.execPath,
      ['--input-type=module', '-e', adder, path, `${run}`],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const output = createInterface({ input: child.stdout! });
    output.on('line', (id) => told.push(id));
    const before = told.length;
    await until(() => told.length > before + 3);
    await sleep(20 + run * 37);
    child.kill('SIGKILL');
    await once(output, 'close');
  }
  const outbox = await open(path);
  const kept = (await outbox.waiting(0, 1e6)).map(({ id }) => id);
  expect(kept.length).toBeGreaterThan(10);
  // The last of each run may be kept without having been told.
  expect(kept.filter((id) => told.includes(id))).toEqual(told);
  expect(kept.length - told.length).toBeLessThanOrEqual(4);
  expect(outbox.health.damaged).toBe(0);
});
