import { setTimeout as sleep } from 'node:timers/promises';
import { driverCycles } from './cameras-vivid-cycles.ts';
import { cameraAt, control, never, run, type Vivid, withCamera } from './in-vm.ts';
import { expect, rejection, type Suite } from './suite.ts';

/** Every fault gives a named error, and the next capture works again. */
export async function checkVividFaults(suite: Suite, { webcam }: Vivid, cycles: number): Promise<void> {
  const injected = async (name: string, message: RegExp): Promise<string> =>
    withCamera(webcam, {}, async (camera) => {
      await camera.capture(never);
      await control(webcam, name, 1);
      const text = await rejection(camera.capture(never), message);
      await camera.capture(never);
      return text;
    });

  await suite.check('vivid: two readers', async () =>
    withCamera(webcam, {}, async (first) => {
      await first.capture(never);
      return withCamera(webcam, {}, async (second) => {
        const text = await rejection(second.capture(never), /in use by another program/);
        await first.capture(never);
        await first.close();
        await second.capture(never);
        return text;
      });
    }),
  );
  await suite.check('vivid: disconnected while streaming', () => injected('disconnect', /was unplugged/));
  await suite.check('vivid: fatal streaming error', () =>
    injected('inject_fatal_streaming_error', /Input\/output error/),
  );
  await suite.check('vivid: a marked picture does not stop the stream', async () =>
    withCamera(webcam, {}, async (camera, lines) => {
      await camera.capture(never);
      await control(webcam, 'inject_v4l2_buf_flag_error', 1);
      for (let look = 0; look < 3; look++) await camera.capture(never);
      // It may have been skipped as too old.
      return JSON.stringify(lines).includes('damaged') ? 'met and dropped' : 'handed back unread';
    }),
  );
  await suite.check('vivid: no pictures arrive', async () =>
    withCamera(webcam, { frameTimeoutMs: 2000 }, async (camera) => {
      await camera.capture(never);
      await control(webcam, 'percentage_of_dropped_buffers', 100);
      const text = await rejection(camera.capture(never), /no picture for 2000 ms/);
      await control(webcam, 'percentage_of_dropped_buffers', 0);
      await camera.capture(never);
      return text;
    }),
  );
  await suite.check('vivid: the format changes while streaming', async () =>
    withCamera(webcam, {}, async (camera) => {
      await camera.capture(never);
      await control(webcam, 'quantization', 1);
      const text = await rejection(camera.capture(never), /changed its format/);
      await camera.capture(never);
      await control(webcam, 'quantization', 0);
      return text;
    }),
  );
  await suite.check('vivid: a stream that does not start', async () => {
    await control(webcam, 'inject_vidioc_streamon_error', 1).catch(() =>
      control(webcam, 'inject_start_streaming_error', 1),
    );
    return withCamera(webcam, {}, async (camera) => {
      const text = await rejection(camera.capture(never), /cannot start streaming/);
      await camera.capture(never);
      return text;
    });
  });
  await suite.check('vivid: closed during a capture', async () => {
    await control(webcam, 'percentage_of_dropped_buffers', 100);
    const { camera } = cameraAt(webcam, { frameTimeoutMs: 60_000 });
    const capture = rejection(camera.capture(never), /is closed/);
    await sleep(1000);
    const startedAt = performance.now();
    await Promise.all([camera.close(), camera.close()]);
    const ms = Math.round(performance.now() - startedAt);
    await capture;
    await control(webcam, 'percentage_of_dropped_buffers', 0);
    expect(ms < 2000, `it took ${ms} ms`);
    return `${ms} ms`;
  });
  await suite.check('vivid: aborted during a capture', async () =>
    withCamera(webcam, { frameTimeoutMs: 60_000 }, async (camera) => {
      await camera.capture(never);
      await control(webcam, 'percentage_of_dropped_buffers', 100);
      const stop = AbortSignal.timeout(500);
      await rejection(camera.capture(stop), /abort/);
      await control(webcam, 'percentage_of_dropped_buffers', 0);
      await camera.capture(never);
    }),
  );
  await suite.check('vivid: controls', async () => {
    await withCamera(webcam, { controls: { brightness: 77, gain: 100 } }, async (camera) => {
      await camera.capture(never);
      const { stdout } = await run('v4l2-ctl', ['-d', webcam, '-C', 'brightness']);
      expect(stdout.includes('77'), stdout);
    });
    await control(webcam, 'brightness', 128);
    return withCamera(webcam, { controls: { sharpness: 1 } }, (camera) =>
      rejection(
        camera.capture(never),
        /control sharpness: this camera has no such control; it has brightness, /,
      ),
    );
  });
  await suite.check(`vivid: driver unbound and bound while streaming, ${cycles}x`, async () =>
    driverCycles(webcam, cycles),
  );
}
