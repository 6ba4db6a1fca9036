import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MissingFiles } from '../../src/store/missing-files.ts';
import { rememberTopics } from '../../src/store/topics-file.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { until } from '../../tools/test/until.ts';

async function look(): Promise<void> {
  vi.advanceTimersByTime(30_000);
  await sleep(100);
}

test('a file that is deleted with its folder is written again within a minute, and that is logged once', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const log = new LogLines();
  const folder = join(mkdtempSync(join(tmpdir(), 'scenecast-state-')), 'state');
  const [topics, empty] = [join(folder, 'topics.json'), join(folder, 'settings.json')];
  const known = await rememberTopics(topics, ['a', 'b'], 'c.yaml', log);
  const files = new MissingFiles(log);
  files.keep(empty, async () => false);
  files.keep(topics, async () => {
    await rememberTopics(topics, known, 'c.yaml', log);
    return true;
  });
  files.start();
  onTestFinished(() => files.close());
  await look();
  expect(log.lines).toEqual([]);
  rmSync(folder, { recursive: true });
  vi.advanceTimersByTime(30_000);
  await until(() => log.lines.length > 0);
  await look();
  expect(await rememberTopics(topics, [], 'c.yaml', log)).toEqual(['a', 'b']);
  expect(log.lines).toEqual([
    { level: 'warn', fields: { path: topics }, message: 'state file was deleted; written again' },
  ]);
  // One that is there is left as it is.
  writeFileSync(topics, '{"version":1,"topics":["c"]}');
  await look();
  expect(await rememberTopics(topics, [], 'c.yaml', log)).toEqual(['c']);
  rmSync(folder, { recursive: true });
  await files.close();
  expect(existsSync(topics)).toBe(true);
});
