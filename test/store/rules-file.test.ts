import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { KeptRule } from '../../src/pipeline/ports.ts';
import { RulesFile } from '../../src/store/rules-file.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'rules-test.json');
}

const kept: KeptRule = {
  camera: 'porch',
  rule: 'open',
  definition: '[]',
  snapshot: {
    status: {
      ...{ state: 'on', since: new Date('2026-11-30T06:00:00Z'), confidence: 0.9 },
      ...{ evidence: ['01KAGX4V6Q8Z1Y2X3W4V5T6S7R'], reason: null },
    },
    ...{ evidenceAgeMs: 1200, alertAgeMs: null, isAlertOpen: true, settings: 'a model' },
  },
};

/** Changes what the file says of when it was saved. */
function rewrite(path: string, saved: object): void {
  const file = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...file, saved: { ...file.saved, ...saved } }));
}

test('what was saved is loaded, with the time that has passed whatever the clock says', async () => {
  const path = place();
  const file = new RulesFile(path, new LogLines());
  expect(await file.load()).toEqual({ elapsedMs: null, rules: [] });
  await file.save([kept]);
  rewrite(path, { at: '1999-01-01T00:00:00.000Z' });
  const { elapsedMs, rules } = await file.load();
  expect(rules).toEqual([kept]);
  expect(elapsedMs).toBeGreaterThanOrEqual(0);
  expect(elapsedMs).toBeLessThan(10_000);
});

test('after a restart of the board the clock tells the time, if it was set both times', async () => {
  const path = place();
  const file = new RulesFile(path, new LogLines());
  await file.save([kept]);
  const at = (ms: number): string => new Date(ms).toISOString();
  rewrite(path, { boot: 'another', at: at(Date.now() - 60_000) });
  expect((await file.load()).elapsedMs).toBeGreaterThanOrEqual(60_000);
  for (const unknown of [at(Date.now() + 60_000), at(0)]) {
    rewrite(path, { at: unknown });
    expect((await file.load()).elapsedMs, unknown).toBeNull();
  }
});

test('a damaged file is moved aside, and counts as empty', async () => {
  const path = place();
  const log = new LogLines();
  writeFileSync(path, '{"version":1,"rules":[{}]}');
  expect(await new RulesFile(path, log).load()).toEqual({ elapsedMs: null, rules: [] });
  expect(readFileSync(`${path}.damaged`, 'utf8')).toContain('rules');
  expect(log.of('states of rules damaged; starting without')).toHaveLength(1);
});
