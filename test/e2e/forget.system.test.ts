import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { scratchFolder, startBroker, subscribe } from '../../tools/test/mqtt.ts';
import { until } from '../../tools/test/until.ts';

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const bin = join(import.meta.dirname, '../../bin/scenecast');

test('forget clears every retained topic of a device that is gone, and refuses one that is online', async () => {
  const { url } = await startBroker();
  const config = join(scratchFolder(), 'config.yaml');
  writeFileSync(config, JSON.stringify({ mqtt: { url }, cameras: { porch: { source: { type: 'scene' } } } }));
  const { client } = await subscribe(url);
  const retain = (topic: string, payload: string): Promise<unknown> =>
    client.publishAsync(topic, payload, { qos: 1, retain: true });
  await retain('scenecast/old/status', '{"state":"online"}');
  await retain('scenecast/old/porch/answer/gate_open', '{"value":true}');
  await retain('homeassistant/device/scenecast_old/config', '{}');
  await retain('homeassistant/device/scenecast_old/porch/config', '{}');
  await retain('scenecast/new/status', '{"state":"online"}');

  const refused = await run(bin, ['forget', 'old', '--config', config]).catch((error) => error);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/old is online: stop its daemon first/),
  });

  await retain('scenecast/old/status', '{"state":"offline"}');
  const { stdout } = await run(bin, ['forget', 'old', '--config', config, '--json']);
  expect(JSON.parse(stdout).toSorted()).toEqual([
    'homeassistant/device/scenecast_old/config',
    'homeassistant/device/scenecast_old/porch/config',
    'scenecast/old/porch/answer/gate_open',
    'scenecast/old/status',
  ]);
  const late = await subscribe(url);
  await late.client.publishAsync('end', '');
  await until(() => late.received.some(({ topic }) => topic === 'end'));
  expect(late.received.filter(({ retain: isRetained }) => isRetained).map(({ topic }) => topic)).toEqual([
    'scenecast/new/status',
  ]);
  expect((await run(bin, ['forget', 'old', '--config', config])).stdout).toBe('old: nothing to clear\n');
});
