import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MeasuredQuestion } from '../../src/domain/calibration.ts';
import { MeasuredFile } from '../../src/store/measured-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-measured-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, 'measured-workshop.json');

const gate: MeasuredQuestion = {
  ...{ camera: 'porch', question: 'gate_open', ask: 'Is the gate open?', labels: 100, right: 80 },
  ...{ model: { name: 'demo', quant: 'F16' }, calibrationError: 0.02, at: new Date('2026-01-31T12:00:00Z') },
  calibration: { method: 'platt', slope: 0.5, offset: -1 },
};
const people: MeasuredQuestion = {
  ...{ ...gate, question: 'people', calibrationError: null },
  calibration: { method: 'isotonic', points: [{ confidence: 0.5, calibrated: 0.4 }] },
};

test('what was measured is read as it was saved; the same question replaces itself', async () => {
  const file = new MeasuredFile(path());
  expect(await file.read()).toEqual([]);
  expect(await file.version()).toBeNull();
  await file.save([gate, people]);
  const version = await file.version();
  const other = { ...gate, ask: 'Is it shut?', calibration: null };
  const again = { ...gate, right: 90 };
  await file.save([again, other]);
  expect(await file.read()).toEqual([people, again, other]);
  expect(await file.version()).not.toBe(version);
});

test('a damaged file is named with its remedy', async () => {
  writeFileSync(path(), '{"version":1,"questions":[{}]}');
  await expect(new MeasuredFile(path()).read()).rejects.toThrow(
    /measured-workshop.json: is damaged: .*; delete it, and run scenecast eval --keep again/s,
  );
});
