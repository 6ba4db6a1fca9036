import { afterEach, expect, test, vi } from 'vitest';
import { peerEnvironment } from '../../tools/bench/speed/peer-environment.ts';

afterEach(() => vi.unstubAllEnvs());

test("a peer gets the machine's environment, but not the heap limits of our processes", () => {
  vi.stubEnv('MALLOC_MMAP_THRESHOLD_', '8388608');
  vi.stubEnv('MALLOC_ARENA_MAX', '2');
  const environment = peerEnvironment();
  expect(Object.keys(environment).filter((name) => name.startsWith('MALLOC_'))).toEqual([]);
  expect(environment['PATH']).toBe(process.env['PATH']);
});
