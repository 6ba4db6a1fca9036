import { expect, test } from 'vitest';
import type { CameraHealth } from '../../src/domain/health.ts';
import { type Situation, statusLine } from '../../src/supervision/status-line.ts';

const camera: CameraHealth = {
  state: 'online',
  problem: null,
  intervalMs: 1000,
  effectiveIntervalMs: 1000,
  gate: null,
};
const lastDescribedAt = new Date(2026, 6, 1, 14, 3, 12);
const fine: Situation = {
  health: { engine: 'idle', cameras: { porch: camera, shed: camera }, lastDescribedAt },
  loading: null,
  isConnected: true,
  stuck: [],
};

test.each<[string, Situation]>([
  ['looking at 2 cameras, last description at 14:03:12', fine],
  [
    'loading the model 40 %; looking at 0 of 1 camera; no connection to the broker',
    {
      health: { engine: 'idle', cameras: { porch: { ...camera, state: 'starting' } } },
      loading: 0.409,
      isConnected: false,
      stuck: [],
    },
  ],
  [
    'stuck: engine, camera shed; looking at 1 of 2 cameras, last description at 14:03:12; the last picture could not be described; camera porch offline: unreachable: no picture within 15 s',
    {
      ...fine,
      health: {
        ...fine.health,
        engine: 'failing',
        cameras: {
          porch: { ...camera, state: 'offline', reason: 'unreachable: no picture within 15 s' },
          shed: camera,
        },
      },
      stuck: ['engine', 'camera shed'],
    },
  ],
])('%s', (line, situation) => {
  expect(statusLine(situation)).toBe(line);
});
