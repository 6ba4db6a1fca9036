import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { LoginPause, LoginRefusedError } from '../../src/camera/login-refusal.ts';

let folder = '';
let nowMs = 0;
let tries = 0;
let fault: Error | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-login-'));
  [nowMs, tries, fault] = [1000, 0, new LoginRefusedError('unauthorised')];
  return () => rmSync(folder, { recursive: true });
});

const minute = 60_000;

/** Looks once; resolves with the error's message, or "ok". */
async function look(pause: LoginPause, isRequested = false): Promise<string> {
  const read = async (): Promise<string> => {
    tries++;
    if (fault) throw fault;
    return 'ok';
  };
  return pause.unlessPaused(isRequested, read).catch((error: Error) => error.message);
}

/** Looks each 10 s for so many minutes; returns the logins tried. */
async function triesWithin(pause: LoginPause, minutes: number): Promise<number> {
  const before = tries;
  for (const end = nowMs + minutes * minute; nowMs < end; nowMs += 10_000) await look(pause);
  return tries - before;
}

test('after a refusal the camera is left alone for 5 minutes, then for twice as long, up to an hour', async () => {
  const pause = new LoginPause(null, () => nowMs);
  expect(await triesWithin(pause, 5)).toBe(1);
  expect(await triesWithin(pause, 10)).toBe(1);
  expect(await triesWithin(pause, 20)).toBe(1);
  expect(await triesWithin(pause, 40)).toBe(1);
  expect(await triesWithin(pause, 60)).toBe(1);
  expect(await triesWithin(pause, 120)).toBe(2);
});

test('the reason says when it goes on, and stays the same meanwhile', async () => {
  const pause = new LoginPause(null, () => nowMs);
  const reason = await look(pause);
  expect(reason).toBe('unauthorised; next attempt after 5 min, so that the camera does not lock the account');
  nowMs += minute;
  expect(await look(pause)).toBe(reason);
  expect(tries).toBe(1);
});

test('a changed, new or removed password file is tried at once, and starts the pauses over', async () => {
  const file = join(folder, 'password');
  writeFileSync(file, 'wrong');
  const pause = new LoginPause(file, () => nowMs);
  await triesWithin(pause, 6);
  expect(await look(pause)).toContain('after 10 min');
  writeFileSync(file, 'wrong as well');
  expect(await look(pause)).toContain('after 5 min');
  expect(await look(pause)).toContain('after 5 min');
  expect(tries).toBe(3);
  rmSync(file);
  await look(pause);
  writeFileSync(file, 'right');
  fault = null;
  expect(await look(pause)).toBe('ok');
  expect(tries).toBe(5);
});

test('a request is tried at once, but not each of many', async () => {
  const pause = new LoginPause(null, () => nowMs);
  await look(pause);
  for (let request = 0; request < 5; request++) await look(pause, true);
  expect(tries).toBe(2);
  nowMs += minute;
  fault = null;
  expect(await look(pause, true)).toBe('ok');
});

test('other faults cause no pause, and success ends all of it', async () => {
  const pause = new LoginPause(null, () => nowMs);
  fault = new Error('unreachable');
  for (let count = 0; count < 3; count++) await look(pause);
  expect(tries).toBe(3);
  fault = new LoginRefusedError('unauthorised');
  await triesWithin(pause, 6);
  nowMs += 10 * minute;
  fault = null;
  expect(await look(pause)).toBe('ok');
  fault = new LoginRefusedError('unauthorised');
  expect(await look(pause)).toContain('after 5 min');
});
