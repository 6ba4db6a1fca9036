import { expect, test } from 'vitest';
import type { CpuTimes } from '../../src/board/cpu-load.ts';
import { QuietBoard } from '../../src/setup/quiet-board.ts';

/** Readings a second apart, of a board where others use `loads` CPUs in between; the last load stays. */
function boardWith(...loads: number[]) {
  const warnings: string[] = [];
  let [reading, seconds] = [0, 0];
  const readTimes = async (): Promise<CpuTimes> => {
    if (reading > 0) seconds += loads[Math.min(reading, loads.length) - 1]!;
    const times = {
      ...{ atMs: reading * 1000, allSeconds: seconds, ownSeconds: 0 },
      processes: new Map([[1, { name: 'ffmpeg', seconds }]]),
    };
    reading++;
    return times;
  };
  const { signal } = new AbortController();
  const board = new QuietBoard({ warn: (text) => warnings.push(text), signal, readTimes, sampleMs: 1 });
  let measurements = 0;
  const measure = () => board.measure(async () => ++measurements);
  return { measure, warnings, count: () => measurements };
}

test('on an idle board, and one with the usual services, each measurement counts', async () => {
  const { measure, warnings } = boardWith(0.02, 0.1, 0, 0.2);
  expect(await measure()).toBe(1);
  expect(await measure()).toBe(2);
  expect(warnings).toEqual([]);
});

test('nothing is measured while others use the CPUs; the warning names them, once', async () => {
  const { measure, warnings, count } = boardWith(1.5, 1.5, 0.5, 0, 0);
  expect(await measure()).toBe(1);
  expect(count()).toBe(1);
  expect(warnings).toEqual([expect.stringMatching(/^other programs use 1\.5 CPUs \(ffmpeg 1\.5\); waiting/)]);
});

test('a measurement during which others used the CPUs is discarded and repeated', async () => {
  const { measure, warnings } = boardWith(0, 0.9, 0, 0);
  expect(await measure()).toBe(2);
  expect(warnings).toEqual([expect.stringMatching(/0\.9 CPUs .* discarded and repeated$/)]);
});

test('on a board that stays busy, nothing is measured, and the error names the remedies', async () => {
  const { measure, count } = boardWith(2);
  await expect(measure()).rejects.toThrow(
    /other programs use 2\.0 CPUs \(ffmpeg 2\.0\).*nothing measured now is kept.*systemctl stop scenecast.*--allow-load/,
  );
  expect(count()).toBe(0);
});

test('three disturbed measurements in a row are enough', async () => {
  const { measure, count } = boardWith(0, 1, 0, 0, 1, 0, 0, 1);
  await expect(measure()).rejects.toThrow(/nothing measured now is kept/);
  expect(count()).toBe(3);
});

test('a kernel that shows no CPU times does not prevent tuning', async () => {
  const { signal } = new AbortController();
  const board = new QuietBoard({ warn() {}, signal, readTimes: async () => null });
  expect(await board.measure(async () => 'measured')).toBe('measured');
});
