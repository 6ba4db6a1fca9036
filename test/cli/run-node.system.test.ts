import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EngineClient } from '../../src/vision/process/engine-client.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { demoEngine } from '../../tools/test/demo-engine.ts';
import { until } from '../../tools/test/until.ts';

const bin = join(import.meta.dirname, '../../bin/scenecast');

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function version(stateFolder: string): string {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  return execFileSync(bin, ['--version'], {
    encoding: 'utf8',
    env: { ...env, STATE_DIRECTORY: `${stateFolder}:/var/lib/other` },
  });
}

const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' });

test('compiled code is kept in the state folder, and a damaged cache is ignored', () => {
  const folder = temporaryFolder();
  expect(version(folder)).toMatch(/^\d+\.\d+\.\d+\n$/);
  const files = filesIn(folder).filter((name) => name.includes('compile-cache/v'));
  const entries = files.filter((name) => name.split('/').length > 2);
  expect(entries.length).toBeGreaterThan(3);
  for (const name of entries) writeFileSync(join(folder, name), 'damaged');
  expect(version(folder)).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a state folder that cannot be written is no fault', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(version(file)).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('the engine process, which is killed in the end, has saved its compiled code by then', async () => {
  const folder = temporaryFolder();
  vi.stubEnv('NODE_COMPILE_CACHE', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const engine = new EngineClient({ engine: demoEngine, deadlineMs: 60_000, log });
  try {
    await engine.start();
    await until(() => filesIn(folder).length > 10, 5000);
  } finally {
    await engine.close();
  }
});

test('a daemon that is killed has saved its compiled code by then', async () => {
  const folder = temporaryFolder();
  vi.stubEnv('NODE_COMPILE_CACHE', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const cameras = { drawn: { source: { type: 'scene' } } };
  const daemon = new Daemon({ mqtt: { url: 'mqtt://127.0.0.1:1' }, cameras });
  // The engine's code is in some 150 files.
  await until(() => filesIn(folder).length > 300);
  await daemon.end('SIGKILL');
});
