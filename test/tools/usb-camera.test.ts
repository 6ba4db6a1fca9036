import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UsbCamera } from '../../tools/board-vm/usb-camera.ts';
import { configurationDescriptor, frameSizes, payloadBytes } from '../../tools/board-vm/uvc-descriptors.ts';

// A minimal USB/IP client for the simulated camera; the real one is the kernel's, in the board VM.
const picture = Buffer.from(Array.from({ length: 40_000 }, (_, at) => at % 251));
let camera: UsbCamera;
let socket: Socket;
beforeEach(async () => {
  camera = new UsbCamera(new Map(frameSizes.map((size) => [size, picture])));
  socket = connect(await camera.listen(), '127.0.0.1');
  await once(socket, 'connect');
  return () => camera.close();
});
afterEach(() => {
  socket.destroy();
});

async function read(bytes: number): Promise<Buffer> {
  for (;;) {
    const data = socket.read(bytes) as Buffer | null;
    if (data) return data;
    await once(socket, 'readable');
  }
}

async function attach(): Promise<void> {
  socket.write(Buffer.concat([Buffer.of(1, 0x11, 0x80, 3, 0, 0, 0, 0), Buffer.from('1-1'.padEnd(32, '\0'))]));
  const reply = await read(320);
  expect(reply.readUInt16BE(2)).toBe(3);
  expect(reply.toString('latin1', 8 + 256, 8 + 259)).toBe('1-1');
}

let sequence = 0;
function submit(
  endpoint: number,
  isToHost: boolean,
  length: number,
  setup: Buffer = Buffer.alloc(8),
  out: Buffer = Buffer.alloc(0),
): number {
  const head = Buffer.alloc(48);
  sequence++;
  for (const [at, value] of [1, sequence, 0, isToHost ? 1 : 0, endpoint, 0, length].entries())
    head.writeUInt32BE(value, at * 4);
  setup.copy(head, 40);
  socket.write(Buffer.concat([head, out]));
  return sequence;
}

async function answer(isToHost = true): Promise<{ status: number; data: Buffer; sequence: number }> {
  const head = await read(48);
  expect(head.readUInt32BE(0)).toBe(3);
  const length = head.readUInt32BE(24);
  const data = isToHost && length > 0 ? await read(length) : Buffer.alloc(0);
  return { status: head.readInt32BE(20), data, sequence: head.readUInt32BE(4) };
}

const setup = (type: number, request: number, value: number, index: number, length: number): Buffer =>
  Buffer.of(type, request, value & 255, value >> 8, index & 255, index >> 8, length & 255, length >> 8);

/** The payloads of one picture: their flags, and the bytes together. */
async function onePicture(): Promise<{ flags: number[]; bytes: Buffer }> {
  const flags: number[] = [];
  const parts: Buffer[] = [];
  do {
    submit(1, true, payloadBytes);
    const { data } = await answer();
    expect(data[0]).toBe(2);
    flags.push(data[1]!);
    parts.push(data.subarray(2));
  } while ((flags.at(-1)! & 2) === 0);
  return { flags, bytes: Buffer.concat(parts) };
}

test('the configuration is a chain of descriptors whose lengths add up', async () => {
  await attach();
  submit(0, true, 512, setup(0x80, 6, 0x0200, 0, 512));
  const { data } = await answer();
  expect(data).toEqual(configurationDescriptor);
  expect(data.readUInt16LE(2)).toBe(data.length);
  const found: [number, number, number][] = [];
  for (let at = 0; at < data.length; at += data[at]!) {
    expect(data[at]).toBeGreaterThan(1);
    found.push([at, data[at + 1]!, data[at + 2]!]);
  }
  const streaming = found.find(([at, type, kind]) => type === 0x24 && kind === 1 && data[at + 3] === 1)!;
  const endpoint = found.find(([, type]) => type === 5)!;
  // The header of the streaming interface counts everything up to the endpoint.
  expect(data.readUInt16LE(streaming[0] + 4)).toBe(endpoint[0] - streaming[0]);
});

test('an unknown request stalls', async () => {
  await attach();
  submit(0, true, 10, setup(0x80, 6, 0x0600, 0, 10));
  expect((await answer()).status).toBe(-32);
});

test('after a size is negotiated, complete pictures arrive, distinguished by their toggle bit', async () => {
  await attach();
  const wanted = Buffer.alloc(26);
  wanted.set([0, 0, 1, 2]);
  wanted.writeUInt32LE(1_000_000, 4);
  submit(0, false, 26, setup(0x21, 1, 0x0200, 1, 26), wanted);
  expect((await answer(false)).status).toBe(0);
  submit(0, true, 26, setup(0xa1, 0x81, 0x0100, 1, 26));
  const { data } = await answer();
  expect([data[3], data.readUInt32LE(4), data.readUInt32LE(18)]).toEqual([2, 1_000_000, 1280 * 720 * 2]);
  const [first, second] = [await onePicture(), await onePicture()];
  expect(first.bytes.equals(picture)).toBe(true);
  expect(second.bytes.equals(picture)).toBe(true);
  expect(new Set(first.flags.map((flags) => flags & 1)).size).toBe(1);
  expect(first.flags[0]! & 1).not.toBe(second.flags[0]! & 1);
});

test('it truncates pictures, marks them as damaged, freezes, and can be unplugged', async () => {
  await attach();
  camera.mode = 'truncate';
  expect((await onePicture()).bytes.length).toBe(picture.length / 2);
  camera.mode = 'error';
  expect((await onePicture()).flags.every((flags) => (flags & 0x40) !== 0)).toBe(true);
  camera.mode = 'freeze';
  const waiting = submit(1, true, payloadBytes);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(socket.readableLength).toBe(0);
  // A pending transfer can be cancelled.
  const unlink = Buffer.alloc(48);
  unlink.writeUInt32BE(2, 0);
  unlink.writeUInt32BE(999_999, 4);
  unlink.writeUInt32BE(waiting, 20);
  socket.write(unlink);
  const head = await read(48);
  expect([head.readUInt32BE(0), head.readUInt32BE(4), head.readInt32BE(20)]).toEqual([4, 999_999, -104]);
  camera.unplug();
  await once(socket, 'close');
});
