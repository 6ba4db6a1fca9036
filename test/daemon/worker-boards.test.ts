import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createPoolDescriber, createPoolWorker } from '../../src/daemon/worker-boards.ts';
import type { Describer } from '../../src/pipeline/ports.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { observation } from '../../tools/test/observation.ts';

// Nothing listens here: the pool is away.
const mqtt = { url: 'mqtt://127.0.0.1:1' };

function configOf(keys: object): Config {
  const cameras = { porch: { source: { type: 'scene' } } };
  return parseConfig(JSON.stringify({ mqtt, cameras, ...keys }), 'c.yaml');
}

const { description } = observation();
const own: Describer = { ready: async () => {}, describe: async () => description };

test('a board describes for a pool only if the config names one', () => {
  expect(createPoolWorker(configOf({}), '/', own, new LogLines())).toBeNull();
  expect(createPoolWorker(configOf({ work: { pool: 'home' } }), '/', own, new LogLines())).not.toBeNull();
});

test.each([
  ['own', 'its own engine describes', { resolves: true }],
  ['expire', 'the frame expires', { resolves: false }],
])('with fallback %s and a pool that is away, %s', async (fallback, _, { resolves }) => {
  const config = configOf({ engine: 'pool', work: { sending: { deadline: '1s', fallback } } });
  const describer = createPoolDescriber(config, '/', own, new LogLines());
  onTestFinished(() => describer.close());
  await describer.start();
  const size = { width: 8, height: 8 };
  const picture = { size, bytes: new Uint8Array(8 * 8 * 3), pixels: 'rgb24' } as const;
  const frame = { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', camera: 'porch' };
  const request = { picture, prompt: 'Describe the scene.', questions: [], frame };
  const described = describer.describe(request, new AbortController().signal);
  if (resolves) await expect(described).resolves.toEqual(description);
  else await expect(described).rejects.toThrow('1000 ms');
});

test('it serves as many frames at once as the config says', () => {
  const config = configOf({ engine: 'pool', work: { sending: { concurrency: 3 } } });
  expect(createPoolDescriber(config, '/', null, new LogLines()).concurrency).toBe(3);
});
