import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'scenecast-addon-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('an addon is built again when the N-API kit changes, and only then', { timeout: 120_000 }, () => {
  for (const folder of ['scripts', 'native'])
    cpSync(join(repository, folder), join(copy, folder), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  const build = (): string => {
    const { status, stderr } = spawnSync(join(copy, 'scripts/build-sd-notify.sh'), { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    return stderr;
  };
  const built = `built ${copy}/build/native/sd-notify.node`;
  expect(build()).toContain(built);
  expect(build()).toContain('sd-notify.node is up to date');
  for (const file of ['napi-addon.cmake', 'error.h']) {
    appendFileSync(join(copy, 'native/napi', file), '\n');
    expect(build(), file).toContain(built);
  }
});
