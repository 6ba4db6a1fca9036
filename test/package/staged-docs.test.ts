import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { brokenLinks } from '../../tools/docs/markdown-links.ts';
import { stageDebian } from '../../tools/package/stage.ts';

test("the package's docs have what they name, and every link in them leads somewhere", () => {
  const root = mkdtempSync(join(tmpdir(), 'scenecast-docs-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  stageDebian(root, join(import.meta.dirname, '../..'));
  const docs = join(root, 'usr/share/doc/scenecast');
  const pages = globSync('**/*.md', { cwd: docs });
  expect(pages).toContain('docs/install.md');
  expect(brokenLinks(docs, pages)).toEqual([]);
  expect(readFileSync(join(docs, 'docs/mqtt.md'), 'utf8')).not.toMatch(/^\|.*[ -]{9}\|$/m);
  const named = [
    'docs/mosquitto/board.acl',
    'docs/mosquitto/scenecast.conf',
    'docs/asyncapi.yaml',
    'docs/adr/0001-typescript-without-a-build-step.md',
    'scripts/provision.sh',
    'systemd/scenecast.service',
  ];
  expect(named.filter((path) => !existsSync(join(docs, path)))).toEqual([]);
  expect(statSync(join(docs, 'scripts/provision.sh')).mode & 0o111).not.toBe(0);
  // A link to a whole folder of sources brings all of it.
  const files = globSync('**', { cwd: docs, withFileTypes: true }).filter((entry) => entry.isFile());
  const size = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  expect(size).toBeLessThan(1_000_000);
});
