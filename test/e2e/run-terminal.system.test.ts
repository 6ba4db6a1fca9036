import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { freePort } from '../../tools/test/free-port.ts';
import { scratchFolder, startBroker } from '../../tools/test/mqtt.ts';
import { Terminal } from '../../tools/test/terminal.ts';

vi.setConfig({ testTimeout: 120_000 });

function configFor(url: string): string {
  const path = join(scratchFolder(), 'config.yaml');
  const config = {
    device: 'test',
    mqtt: { url },
    model: { threads: 1 },
    store: { folder: 'state' },
    cameras: {
      drawn: {
        source: { type: 'scene', seed: 900_000, size: '320x240', every: '1h' },
        questions: { count: { ask: 'How many shapes are there?' } },
      },
      gone: { source: { type: 'still', path: 'nowhere.jpg' } },
    },
  };
  writeFileSync(path, JSON.stringify(config)); // JSON is YAML
  return path;
}

test('on a terminal, run prints lines for people, and ends with Ctrl-C', async () => {
  const broker = await startBroker();
  const terminal = new Terminal(['run', '--config', configFor(broker.url)], { columns: 160, rows: 50 });
  await terminal.shows(/^\d\d:\d\d:\d\d {2}connected to the broker \(url mqtt:/m);
  await terminal.shows(/^\d\d:\d\d:\d\d {2}gone {3}warning: camera gives no picture: .*nowhere\.jpg/m);
  await terminal.shows(
    /^\d\d:\d\d:\d\d {2}drawn {2}[a-z].* \d+\.\d s\n {17}count: There (is|are) .*$/m,
    100_000,
  );
  expect(terminal.text).not.toMatch(/[{}]|undefined/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
  expect(terminal.output).toMatch(/\x1b\[1m/);
  terminal.type('\x03');
  await terminal.shows('exit code 0');
});

test('the log level and NO_COLOR count there too', async () => {
  const config = configFor(`mqtt://127.0.0.1:${await freePort()}`);
  const terminal = new Terminal(['run', '--config', config], { columns: 160, rows: 50 }, { NO_COLOR: '1' });
  await terminal.shows(/warning: no connection to the broker: nothing listens at mqtt:/);
  await terminal.shows(/drawn {2}[a-z].* \d+\.\d s\n/, 100_000);
  expect(terminal.output).not.toContain('\x1b[');
  terminal.kill('SIGTERM');
  await terminal.shows('exit code 0');
});
