import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import {
  configurationDescriptor,
  deviceDescriptor,
  frameIntervals,
  frameSizes,
  payloadBytes,
  probeControl,
  stringDescriptor,
  type UvcFrameSize,
  videoEndpoint,
} from './uvc-descriptors.ts';

/**
 * A simulated USB camera: a machine with the module vhci-hcd attaches to it over USB/IP, and its
 * uvcvideo driver finds a webcam. Protocol: Documentation/usb/usbip_protocol.rst of the Linux kernel.
 */
export type CameraMode =
  | 'ok'
  | 'freeze' // stops sending, as a suspended or crashed camera does
  | 'truncate' // pictures end halfway
  | 'error'; // pictures are marked as damaged

/** The picture it sends. */
export type Pictures = ReadonlyMap<UvcFrameSize, Buffer>;

const busId = '1-1';
/** Linux errno values on the tested architectures. */
const errnos = { EPIPE: 32, ECONNRESET: 104 } as const;

export class UsbCamera {
  mode: CameraMode = 'ok';
  /** Replaces the picture. */
  pictures: Pictures;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  constructor(pictures: Pictures) {
    this.pictures = pictures;
    this.#server = createServer({ noDelay: true }, (socket) => {
      const connection = new Connection(socket, this);
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    });
  }

  /** Listens on loopback; resolves to the port. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Unplugs the camera. */
  unplug(): void {
    for (const connection of this.#connections) connection.close();
  }

  async close(): Promise<void> {
    this.unplug();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** One attached machine. */
class Connection {
  readonly #socket: Socket;
  readonly #camera: UsbCamera;
  #received: Buffer = Buffer.alloc(0);
  #isAttached = false;
  #frameIndex = 1;
  #interval: number = frameIntervals[0];
  /** Pending transfers for picture data: sequence number and size, oldest first. */
  readonly #waiting = new Map<number, number>();
  /** Remaining payloads of the picture being sent. */
  #payloads: Buffer[] = [];
  #frameToggle = 0;
  #nextPictureAt = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(socket: Socket, camera: UsbCamera) {
    this.#socket = socket;
    this.#camera = camera;
    socket.on('data', (data) => {
      this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
      this.#readAll();
    });
    socket.on('error', () => {});
    this.#timer = setInterval(() => this.#tick(), 5);
    socket.once('close', () => clearInterval(this.#timer));
  }

  close(): void {
    this.#socket.destroy();
  }

  #readAll(): void {
    while (this.#isAttached ? this.#readTransfer() : this.#readGreeting()) {
      // while there is a complete message
    }
  }

  #take(bytes: number): Buffer {
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  #readGreeting(): boolean {
    if (this.#received.length < 8) return false;
    const code = this.#received.readUInt16BE(2);
    if (code === 0x8003 && this.#received.length < 40) return false;
    this.#take(code === 0x8003 ? 40 : 8);
    const reply = (kind: number, ...parts: Buffer[]): void => {
      const head = Buffer.alloc(8);
      head.writeUInt16BE(0x0111, 0);
      head.writeUInt16BE(kind, 2);
      this.#socket.write(Buffer.concat([head, ...parts]));
    };
    if (code === 0x8003) {
      reply(0x0003, deviceRecord());
      this.#isAttached = true;
    } else {
      reply(0x0005, Buffer.of(0, 0, 0, 1), deviceRecord(), Buffer.of(14, 1, 0, 0, 14, 2, 0, 0));
    }
    return true;
  }

  #readTransfer(): boolean {
    if (this.#received.length < 48) return false;
    const [command, sequence, , isToHost, endpoint, , length] = Array.from({ length: 7 }, (_, at) =>
      this.#received.readUInt32BE(at * 4),
    ) as [number, number, number, number, number, number, number];
    if (command === 2) {
      const unlinked = this.#received.readUInt32BE(20);
      this.#take(48);
      this.#writeHeader(4, sequence, this.#waiting.delete(unlinked) ? -errnos.ECONNRESET : 0, 0);
      return true;
    }
    const outBytes = isToHost ? 0 : length;
    if (this.#received.length < 48 + outBytes) return false;
    const setup = this.#take(48).subarray(40);
    const out = this.#take(outBytes);
    if (endpoint === videoEndpoint) {
      this.#waiting.set(sequence, length);
    } else {
      const answer = this.#control(setup, out);
      if (!answer) this.#writeHeader(3, sequence, -errnos.EPIPE, 0);
      else if (isToHost) this.#writeHeader(3, sequence, 0, answer.length, answer);
      else this.#writeHeader(3, sequence, 0, outBytes);
    }
    return true;
  }

  #writeHeader(command: number, sequence: number, status: number, actualBytes: number, data?: Buffer): void {
    const head = Buffer.alloc(48);
    head.writeUInt32BE(command, 0);
    head.writeUInt32BE(sequence, 4);
    head.writeInt32BE(status, 20);
    head.writeUInt32BE(actualBytes, 24);
    this.#socket.write(data ? Buffer.concat([head, data]) : head);
  }

  /** The answer to a control request; null if the request is unknown. */
  #control(setup: Buffer, out: Buffer): Buffer | null {
    const [type, request] = [setup[0]!, setup[1]!];
    const [value, index, length] = [setup.readUInt16LE(2), setup.readUInt16LE(4), setup.readUInt16LE(6)];
    if ((type & 0x60) === 0) return standardAnswer(type, request, value)?.subarray(0, length) ?? null;
    const isStreamParameters = (index & 255) === 1 && [1, 2].includes(value >> 8);
    if (!isStreamParameters) return type === 0xa1 ? Buffer.alloc(length) : null;
    if (type === 0x21) {
      this.#frameIndex = Math.min(Math.max(out[3]!, 1), frameSizes.length);
      const wanted = out.readUInt32LE(4);
      this.#interval = frameIntervals.find((interval) => interval >= wanted) ?? frameIntervals.at(-1)!;
      return Buffer.alloc(0);
    }
    const probe = probeControl(this.#frameIndex, this.#interval);
    if (request === 0x85) return Buffer.of(probe.length, 0); // GET_LEN
    if (request === 0x86) return Buffer.of(3); // GET_INFO: may be read and written
    return probe.subarray(0, length); // GET_CUR, GET_MIN, GET_MAX, GET_DEF
  }

  /** Sends available payloads into pending transfers. */
  #tick(): void {
    if (this.#waiting.size === 0 || this.#camera.mode === 'freeze') return;
    if (this.#payloads.length === 0 && performance.now() >= this.#nextPictureAt) {
      this.#nextPictureAt = Math.max(this.#nextPictureAt + this.#interval / 10_000, performance.now());
      this.#payloads = this.#payloadsOfPicture();
    }
    for (const [sequence, room] of this.#waiting) {
      const payload = this.#payloads.shift();
      if (!payload) break;
      this.#waiting.delete(sequence);
      this.#writeHeader(3, sequence, 0, Math.min(room, payload.length), payload.subarray(0, room));
    }
  }

  /** The next picture as payloads: each header has the picture's toggle bit, and the last one an end bit. */
  #payloadsOfPicture(): Buffer[] {
    const picture = this.#camera.pictures.get(frameSizes[this.#frameIndex - 1]!)!;
    const { mode } = this.#camera;
    const bytes = mode === 'truncate' ? picture.subarray(0, picture.length >> 1) : picture;
    const payloads: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += payloadBytes - 2) {
      const isLast = at + payloadBytes - 2 >= bytes.length;
      const flags = 0x80 | this.#frameToggle | (isLast ? 0x02 : 0) | (mode === 'error' ? 0x40 : 0);
      payloads.push(Buffer.concat([Buffer.of(2, flags), bytes.subarray(at, at + payloadBytes - 2)]));
    }
    this.#frameToggle ^= 1;
    return payloads;
  }
}

function standardAnswer(type: number, request: number, value: number): Buffer | null {
  const isDescriptorRequest = type === 0x80 && request === 6;
  if (isDescriptorRequest)
    switch (value >> 8) {
      case 1:
        return deviceDescriptor;
      case 2:
        return configurationDescriptor;
      case 3:
        return stringDescriptor(value & 255);
      default:
        return null;
    }
  if (request === 0) return Buffer.of(0, 0); // GET_STATUS
  if (request === 8) return Buffer.of(1); // GET_CONFIGURATION
  if (request === 10) return Buffer.of(0); // GET_INTERFACE
  return (type & 0x80) === 0 ? Buffer.alloc(0) : null; // SET_CONFIGURATION, SET_INTERFACE, CLEAR_FEATURE
}

/** The record by which USB/IP lists a device. */
function deviceRecord(): Buffer {
  const record = Buffer.alloc(312);
  record.write('/sys/devices/simulated/1-1', 0);
  record.write(busId, 256);
  record.writeUInt32BE(1, 288); // bus
  record.writeUInt32BE(2, 292); // device
  record.writeUInt32BE(3, 296); // high speed
  record.writeUInt16BE(0x1d6b, 300);
  record.writeUInt16BE(0x0102, 302);
  record.writeUInt16BE(0x0100, 304);
  record.set([0xef, 2, 1, 1, 1, 2], 306);
  return record;
}
