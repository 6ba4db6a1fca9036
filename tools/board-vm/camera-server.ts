import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { colourBars } from './colour-bars.ts';
import { type CameraMode, type Pictures, UsbCamera } from './usb-camera.ts';
import { frameSizes } from './uvc-descriptors.ts';

export interface CameraServer {
  /** Where a USB/IP client finds the camera. */
  readonly usbipPort: number;
  /** GET /ok, /freeze, /truncate, /error, /unplug, /bars and /bare set the camera's behaviour. */
  readonly controlPort: number;
  close(): Promise<void>;
}

/** The simulated USB camera outside the VM, and a small HTTP server through which the suite inside controls it. */
export async function startCameraServer(): Promise<CameraServer> {
  const bars = await picturesOf((jpeg) => jpeg);
  const bare = await picturesOf(withoutHuffmanTables);
  const camera = new UsbCamera(bars);
  const usbipPort = await camera.listen();
  const control = createServer(({ url }, response) => {
    const word = url?.slice(1) ?? '';
    if (word === 'unplug') camera.unplug();
    else if (word === 'bars' || word === 'bare') camera.pictures = word === 'bars' ? bars : bare;
    else camera.mode = word as CameraMode;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  return {
    usbipPort,
    controlPort: (control.address() as AddressInfo).port,
    async close() {
      control.close();
      control.closeAllConnections();
      await camera.close();
    },
  };
}

async function picturesOf(change: (jpeg: Buffer) => Buffer): Promise<Pictures> {
  const entries = frameSizes.map(async (size) => {
    const raw = { ...size, channels: 3 } as const;
    const pixels = colourBars(size);
    // Like webcams: the standard tables, and half the colour resolution.
    const jpeg = await sharp(pixels, { raw }).jpeg({ quality: 90, optimiseCoding: false }).toBuffer();
    return [size, change(jpeg)] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Removes the DHT segments, as many cameras do. */
function withoutHuffmanTables(jpeg: Buffer): Buffer {
  const kept = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] !== 0xc4) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, jpeg.subarray(at)]);
}
