import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { freePort } from '../../tools/test/free-port.ts';
import { scratchFolder, startBroker, startPublisher } from '../../tools/test/mqtt.ts';
import { observation } from '../../tools/test/observation.ts';

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const bin = join(import.meta.dirname, '../../bin/scenecast');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function configFor(mqtt: object): string {
  const path = join(scratchFolder(), 'config.yaml');
  const config = { device: 'test', mqtt, cameras: { porch: { source: { type: 'scene' } } } };
  writeFileSync(path, JSON.stringify(config)); // JSON is YAML
  return path;
}

async function scenecast(...args: string[]): Promise<Ended> {
  try {
    return { code: 0, ...(await run(bin, args)) };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}

test('listen prints what a subscriber receives, and skips pictures older than --since', async () => {
  const broker = await startBroker();
  const { publisher } = await startPublisher(broker.url);
  const config = configFor({ url: broker.url });
  const capturedAt = new Date('2026-01-02T00:00:00Z');
  publisher.observation(observation({ text: 'A red circle.', answers: { count: 1 }, capturedAt }));
  const heard = await scenecast('listen', '--config', config, '--count', '1', '--timeout', '20s');
  expect(heard).toEqual({
    code: 0,
    stdout: 'porch, 2026-01-02T00:00:00.000Z: A red circle.\n  count: 1\n',
    stderr: '',
  });
  const since = ['--since', '2026-01-02T00:00:01Z'];
  const none = await scenecast('listen', '--config', config, '--count', '1', ...since, '--timeout', '1s');
  expect(none.stderr).toMatch(/received 0 of 1 descriptions before the timeout/);
  expect(none.code).toBe(1);
});

test('listen --count 0 exits with whether the broker lets it subscribe', async () => {
  const open = await startBroker();
  const asked = ['--count', '0', '--timeout', '20s'];
  expect(await scenecast('listen', '--config', configFor({ url: open.url }), ...asked)).toMatchObject({
    code: 0,
  });

  const closed = await startBroker('allow_anonymous false');
  const refused = await scenecast('listen', '--config', configFor({ url: closed.url }), ...asked);
  expect(refused.stderr).toMatch(/the broker refuses the connection: not authorized.*mqtt\.username/);
  expect(refused.code).toBe(1);

  const silent = configFor({ url: `mqtt://127.0.0.1:${await freePort()}` });
  const absent = await scenecast('listen', '--config', silent, '--count', '0', '--timeout', '2s');
  expect(absent.stderr).toMatch(/nothing listens at mqtt:/);
  expect(absent.code).toBe(1);
});

test('config check: valid, or each fault with exit code 78', async () => {
  const good = configFor({});
  expect(await scenecast('config', 'check', good)).toEqual({
    code: 0,
    stdout: `${good}: valid; cameras: porch\n`,
    stderr: '',
  });
  const faulty = await scenecast('config', 'check', configFor({ url: 'http://x' }));
  expect(faulty.stderr).toMatch(/mqtt\.url: must be a broker address/);
  expect(faulty.code).toBe(78);
});
