import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { createCameraTask } from '../../src/daemon/cameras.ts';
import type { CameraSettings } from '../../src/domain/camera-settings.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const settings: CameraSettings = { paused: false, intervalMs: 10_000, prompt: 'default' };
const never = new AbortController().signal;

test.each([
  [{ type: 'v4l2', device: '/dev/video-none' }, /\/dev\/video-none/],
  [{ type: 'ffmpeg', input: 'none.mp4' }, /none\.mp4/],
])('the error of a missing camera names it: %o', async (source, message) => {
  const config = parseConfig(JSON.stringify({ cameras: { porch: { source } } }), 'c.yaml');
  const { camera } = createCameraTask('porch', config, () => settings, '/no/such/folder', new LogLines());
  onTestFinished(() => camera.close());
  const captured = camera.start(never).then(() => camera.capture(never));
  await expect(captured).rejects.toThrow(message);
});
