import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ChangedAim } from '../../src/domain/camera-aim.ts';
import { AimFile } from '../../src/store/aim-file.ts';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-aim-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'state', 'aim-test.json');
}

test('what is saved is loaded by the next process', async () => {
  const path = scratch();
  expect(await new AimFile(path).load()).toEqual(new Map());
  const zone = [[0, 0] as const, [1, 0] as const, [1, 1] as const];
  const changed = new Map<string, ChangedAim>([
    ['porch', { sensitivity: { value: 60, config: 50 }, privacy: [zone] }],
    ['yard', { ignore: { value: [], config: [zone] } }],
  ]);
  await new AimFile(path).save(changed);
  expect(await new AimFile(path).load()).toEqual(changed);
});

test('a file that cannot be read is a fault: without it, private zones would be seen', async () => {
  const path = scratch();
  await new AimFile(path).save(new Map());
  writeFileSync(path, '{"version":1,"cam');
  await expect(new AimFile(path).load()).rejects.toThrow(/private ones may be among them/);
});
