import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { engineModeOf } from '../../src/daemon/engine-mode.ts';

const expiring = { sending: { fallback: 'expire' } };
const url = 'http://pc.lan';

test.each([
  [{}, 'own', true],
  [{ engine: 'own', work: { pool: 'home' } }, 'own', true],
  [{ engine: 'own', work: expiring }, 'own', true],
  [{ engine: 'pool' }, 'pool', true],
  [{ engine: 'pool', work: { pool: 'home', ...expiring } }, 'pool', true],
  [{ engine: 'pool', work: expiring }, 'pool', false],
  [{ engine: 'pool', work: expiring, serve: { listen: '127.0.0.1:8481' } }, 'pool', true],
  [{ engine: { url } }, 'url', true],
  [{ engine: { url, fallback: 'expire' } }, 'url', false],
  [{ engine: { url, fallback: 'expire' }, work: { pool: 'home' } }, 'url', true],
])('with %o, %s describes, and an own engine is there: %s', (keys, describes, hasOwn) => {
  const cameras = { porch: { source: { type: 'scene' } } };
  expect(engineModeOf(parseConfig(JSON.stringify({ cameras, ...keys }), 'c.yaml'))).toEqual({
    describes,
    hasOwn,
  });
});
