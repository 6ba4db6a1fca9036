import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bars75, barsError } from './colour-bars.ts';
import { cameraAt, holdings, never, pixelsOf, run, waitFor, withCamera } from './in-vm.ts';
import { expect, rejection, type Suite } from './suite.ts';

/** The host's address in the VM's user network. */
const host = '10.0.2.2';
export const usbCamera = '/dev/v4l/by-id/usb-Scenecast_Simulated_camera_0001-video-index0';
const mjpeg = { size: { width: 1280, height: 720 }, format: 'auto' } as const;

export interface UsbPorts {
  readonly usbipPort: number;
  readonly controlPort: number;
}

/** Sets the simulated camera's behaviour. */
async function setMode({ controlPort }: UsbPorts, word: string): Promise<void> {
  await fetch(`http://${host}:${controlPort}/${word}`);
}

export async function plugIn({ usbipPort }: UsbPorts): Promise<void> {
  await run('modprobe', ['vhci-hcd']);
  await run('usbip', ['--tcp-port', `${usbipPort}`, 'attach', '-r', host, '-b', '1-1']);
  await waitFor(usbCamera, () => existsSync(usbCamera), 30_000);
}

async function unplug(ports: UsbPorts): Promise<void> {
  await setMode(ports, 'unplug');
  await waitFor(`${usbCamera} gone`, () => !existsSync(usbCamera), 30_000);
}

/** The real uvcvideo driver with a camera simulated outside the VM. */
export async function checkUsb(suite: Suite, ports: UsbPorts, cycles: number): Promise<void> {
  await suite.check('usb: MJPEG 1280x720, by its stable name', async () => {
    await plugIn(ports);
    return colours();
  });
  await suite.check('usb: MJPEG without Huffman tables', async () => {
    await setMode(ports, 'bare');
    try {
      return await colours();
    } finally {
      await setMode(ports, 'bars');
    }
  });
  await suite.check('usb: frozen, then back', async () =>
    withCamera(usbCamera, { ...mjpeg, frameTimeoutMs: 3000 }, async (camera) => {
      await camera.capture(never);
      await setMode(ports, 'freeze');
      const text = await rejection(camera.capture(never), /no picture for 3000 ms; it is stalled, suspended/);
      await setMode(ports, 'ok');
      await camera.capture(never);
      return text;
    }),
  );
  const faults = [
    ['truncate', 'cut pictures', /\d+ damaged ones were dropped/],
    // uvcvideo itself drops these.
    ['error', 'pictures marked as damaged', /no picture for 3000 ms/],
  ] as const;
  for (const [mode, what, message] of faults)
    await suite.check(`usb: ${what}`, async () =>
      withCamera(usbCamera, { ...mjpeg, frameTimeoutMs: 3000 }, async (camera) => {
        await camera.capture(never);
        await setMode(ports, mode);
        // Pictures in flight when the behaviour changed are complete.
        await sleep(1000);
        const text = await rejection(camera.capture(never), message);
        await setMode(ports, 'ok');
        await camera.capture(never);
        return text;
      }),
    );
  await suite.check('usb: two readers', async () =>
    withCamera(usbCamera, mjpeg, async (first) => {
      await first.capture(never);
      return withCamera(usbCamera, mjpeg, (second) =>
        rejection(second.capture(never), /in use by another program/),
      );
    }),
  );
  await suite.check(`usb: unplugged while streaming and replugged, ${cycles}x`, async () =>
    plugCycles(ports, cycles),
  );
}

async function colours(): Promise<string> {
  return withCamera(usbCamera, mjpeg, async (camera, lines) => {
    const picture = await camera.capture(never);
    expect(picture.pixels === undefined && picture.bytes[0] === 0xff, 'it is no JPEG');
    expect(picture.size.width === 1280 && picture.size.height === 720, JSON.stringify(picture.size));
    const error = barsError(await pixelsOf(picture), picture.size, bars75);
    expect(error <= 4, `off by ${error} levels`);
    return `off by ${error}; ${JSON.stringify(lines[0])}`;
  });
}

async function plugCycles(ports: UsbPorts, cycles: number): Promise<string> {
  const { camera } = cameraAt(usbCamera, mjpeg);
  const returns: number[] = [];
  try {
    await camera.capture(never);
    await sleep(100);
    const before = holdings();
    for (let cycle = 0; cycle < cycles; cycle++) {
      // Alternately while it waits for a picture, and between two pictures.
      if (cycle % 2 === 0) await setMode(ports, 'freeze');
      const capture = cycle % 2 === 0 ? rejection(camera.capture(never), /unplugged/) : null;
      await sleep(100);
      await unplug(ports);
      await (capture ?? rejection(camera.capture(never), /unplugged|no such device/));
      await rejection(camera.capture(never), /no such device/);
      await setMode(ports, 'ok');
      await plugIn(ports);
      const startedAt = performance.now();
      await camera.capture(never);
      returns.push(performance.now() - startedAt);
    }
    await sleep(100);
    const after = holdings();
    returns.sort((a, b) => a - b);
    const slowestMs = Math.round(returns.at(-1)!);
    expect(slowestMs < 10_000, `a picture took ${slowestMs} ms`);
    expect(
      after.descriptors <= before.descriptors,
      `descriptors: ${before.descriptors} before, ${after.descriptors} after`,
    );
    expect(after.threads <= before.threads, `threads: ${before.threads} before, ${after.threads} after`);
    const median = Math.round(returns[returns.length >> 1]!);
    return `picture after return: median ${median} ms, slowest ${slowestMs} ms; descriptors ${before.descriptors} -> ${after.descriptors}, threads ${before.threads} -> ${after.threads}`;
  } finally {
    await setMode(ports, 'ok');
    await camera.close();
  }
}
