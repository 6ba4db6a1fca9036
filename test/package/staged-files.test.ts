import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stageDebian } from '../../tools/package/stage.ts';

test("commands by hand use the unit's state folder", () => {
  const root = mkdtempSync(join(tmpdir(), 'scenecast-files-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  stageDebian(root, join(import.meta.dirname, '../..'));
  const unit = readFileSync(join(root, 'usr/lib/systemd/system/scenecast.service'), 'utf8');
  const [, name] = /^StateDirectory=(\w+)$/m.exec(unit)!;
  expect(readFileSync(join(root, 'usr/lib/scenecast/state-folder'), 'utf8')).toBe(`/var/lib/${name}\n`);
});
