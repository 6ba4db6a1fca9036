import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';

const camera = 'cameras: { a: { source: { type: scene } } }';

test('a worker board needs no camera', () => {
  const { cameras, work, engine } = parseConfig('work: { pool: boards }', 'c.yaml');
  expect(cameras).toEqual({});
  expect(engine).toBe('own');
  expect(work).toEqual({
    pool: 'boards',
    max_in_flight: 1,
    max_image: 8 * 2 ** 20,
    sending: { pool: null, concurrency: 4, deadline: 120_000, fallback: 'own' },
  });
});

test('engine: pool sends the frames to a pool', () => {
  const text = `${camera}\nengine: pool\nwork: { sending: { pool: boards, deadline: 30s, fallback: expire } }`;
  expect(parseConfig(text, 'c.yaml')).toMatchObject({
    engine: 'pool',
    work: { pool: null, sending: { pool: 'boards', deadline: 30_000, fallback: 'expire' } },
  });
});

test.each([
  ['{}', /cameras: must name at least one camera, unless work\.pool names a pool/],
  ['engine: pool', /cameras: must name at least one camera/],
  ['work: { pool: a/b }', /work\.pool: must be 1 to 64 letters.*\(it is "a\/b"\)/],
  [`${camera}\ndevice: work`, /device: is reserved for images sent to worker boards; choose another name/],
  [
    'cameras: { a: { source: { type: scene }, change: true } }\nengine: pool',
    /cameras\.a\.change: has no effect with engine: pool/,
  ],
  [`${camera}\nengine: cloud`, /engine: .*"pool".*\(it is "cloud"\)/],
  [`${camera}\nwork: { max_in_flight: 0 }`, /work\.max_in_flight: .*\(it is 0\)/],
  [`${camera}\nwork: { max_image: 1KiB }`, /work\.max_image: must be from 64KiB to 256MiB/],
  [`${camera}\nwork: { sending: { fallback: none } }`, /work\.sending\.fallback: .*"expire"/],
])('a faulty config of worker boards names the field and the remedy: %s', (text, message) => {
  expect(() => parseConfig(text, 'c.yaml')).toThrow(message);
});
