import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const mqttPage = readFileSync(join(root, 'docs/mqtt.md'), 'utf8');

test('--check names the outdated document, and does not change it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['mqtt.md', 'asyncapi.yaml']) cpSync(join(root, 'docs', name), join(folder, name));
  const run = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [join(root, 'tools/docs/contract.ts'), ...args, folder], {
      encoding: 'utf8',
    });
  const stale = mqttPage.replace('| `queue_depth` ', '| `queue_width` ');
  expect(stale).not.toBe(mqttPage);
  writeFileSync(join(folder, 'mqtt.md'), stale);
  expect(run('--check')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^\S+\/mqtt\.md is out of date.*\n$/),
  });
  expect(readFileSync(join(folder, 'mqtt.md'), 'utf8')).toBe(stale);
  expect(run()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^wrote \S+\/mqtt\.md\n$/) });
  expect(run('--check')).toMatchObject({ status: 0, stderr: '' });
});
