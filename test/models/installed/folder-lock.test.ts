import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../../src/models/installed/folder-lock.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-lock-'));
  path = join(folder, 'lock');
  return () => rmSync(folder, { recursive: true });
});

const take = (waitMs = 0) => takeLock(path, 'it is being pulled', waitMs);
/** No process has this id: Linux gives none above 2 ** 22 (PID_MAX_LIMIT). */
const deadPid = 2 ** 22 + 1;

test('a held lock is refused to others until it is released', async () => {
  const lock = await take();
  await expect(take()).rejects.toThrow(
    new RegExp(`it is being pulled by process ${process.pid} \\(${path}\\): wait for it to finish`),
  );
  await lock.requireHeld();
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
  await (await take()).release();
});

test('a second process waits for the lock', async () => {
  const lock = await take();
  setTimeout(() => void lock.release(), 100);
  await (await take(10_000)).release();
});

test.each([
  ['whose process has ended', () => JSON.stringify({ pid: deadPid })],
  ['whose process id another process has now', () => JSON.stringify({ pid: process.pid, startedAt: '1' })],
  ['of before the last start of the machine', () => JSON.stringify({ pid: process.pid, boot: 'another' })],
  ['that holds nothing', () => ''],
])('a lock %s is taken over', async (_what, content) => {
  writeFileSync(path, content());
  const lock = await take();
  await lock.requireHeld();
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder in its place is named', async () => {
  mkdirSync(path);
  await expect(take()).rejects.toThrow(
    `${path}: cannot be used as a lock: it is a folder, not a file; remove it`,
  );
  expect(readdirSync(folder)).toEqual(['lock']);
});

test('of many that find a stale lock, one at a time gets it', async () => {
  writeFileSync(path, JSON.stringify({ pid: deadPid }));
  let holders = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      const lock = await take(20_000);
      most = Math.max(most, ++holders);
      await sleep(2);
      holders--;
      await lock.release();
    }),
  );
  expect(most).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

test('the guard of a process that died while removing a stale lock is ignored', async () => {
  const dead = JSON.stringify({ pid: deadPid });
  writeFileSync(path, dead);
  writeFileSync(`${path}.stale`, dead);
  await (await take()).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a holder whose lock was taken over gets an error', async () => {
  const lock = await take();
  writeFileSync(path, '{"pid": 1}');
  await expect(lock.requireHeld()).rejects.toThrow(/another process took this lock/);
  await lock.release();
  expect(existsSync(path)).toBe(true);
});
