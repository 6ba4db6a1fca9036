import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { V4l2Camera, type V4l2Options } from '../../src/camera/v4l2.ts';
import { loadV4l2Addon, type V4l2Device } from '../../src/camera/v4l2-addon.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { expect } from './suite.ts';

export const run = promisify(execFile);

/** vivid's devices: a webcam, the same with the multi-planar interface, and an HDMI input, which scales freely. */
export interface Vivid {
  readonly webcam: string;
  readonly multiPlanar: string;
  readonly hdmi: string;
}

export async function loadVivid(): Promise<Vivid> {
  await run('modprobe', [
    ...['vivid', 'n_devs=3', 'node_types=0x1,0x1,0x1', 'multiplanar=1,2,1'],
    ...['num_inputs=1,1,1', 'input_types=0x0,0x0,0x3'],
  ]);
  await waitFor('vivid', () => existsSync('/dev/video2'), 30_000);
  const nodes = readdirSync('/sys/class/video4linux').sort();
  const [webcam, multiPlanar, hdmi] = nodes.map((node) => `/dev/${node}`) as [string, string, string];
  const vivid = { webcam, multiPlanar, hdmi };
  for (const path of [webcam, multiPlanar, hdmi]) await control(path, 'osd_text_mode', 2);
  return vivid;
}

/** Sets one of vivid's own controls. */
export async function control(path: string, name: string, value: number): Promise<void> {
  await run('v4l2-ctl', ['-d', path, '-c', `${name}=${value}`]);
}

const defaults: Omit<V4l2Options, 'path'> = {
  size: { width: 320, height: 180 },
  rate: null,
  format: 'auto',
  controls: {},
  rotation: 0,
  flip: 'none',
  // Emulated processors are slow.
  frameTimeoutMs: 10_000,
};

/** How long the addon's calls took, by name, in milliseconds. */
export type CallTimes = Map<string, number>;

export function timesOf(calls: CallTimes): string {
  return [...calls].map(([name, ms]) => `${name} ${Math.round(ms)}`).join(', ');
}

/** The addon's device, with the duration of its calls added to `calls`. */
async function openTimed(path: string, calls: CallTimes): Promise<V4l2Device> {
  const timed = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    try {
      return await call();
    } finally {
      calls.set(name, (calls.get(name) ?? 0) + performance.now() - startedAt);
    }
  };
  const device = await timed('open', () => loadV4l2Addon().open(path));
  return {
    names: () => device.names(),
    formats: () => timed('formats', () => device.formats()),
    controls: () => timed('controls', () => device.controls()),
    setControl: (id, value) => timed('setControl', () => device.setControl(id, value)),
    configure: (request) => timed('configure', () => device.configure(request)),
    capture: (timeoutMs) => timed('capture', () => device.capture(timeoutMs)),
    cancel: () => device.cancel(),
    close: () => timed('close', () => device.close()),
  };
}

/** A camera with its log lines and the durations of the addon's calls. */
export function cameraAt(
  path: string,
  options: Partial<V4l2Options> = {},
  calls: CallTimes = new Map(),
): { camera: V4l2Camera; lines: object[] } {
  const lines: object[] = [];
  const keep = (fields: object, message: string): void => void lines.push({ ...fields, message });
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  const camera = new V4l2Camera('camera', { ...defaults, path, ...options }, log, (at) =>
    openTimed(at, calls),
  );
  return { camera, lines };
}

/** Opens a camera for `use`, and closes it in any case. */
export async function withCamera<T>(
  path: string,
  options: Partial<V4l2Options>,
  use: (camera: V4l2Camera, lines: object[]) => Promise<T>,
): Promise<T> {
  const { camera, lines } = cameraAt(path, options);
  try {
    return await use(camera, lines);
  } finally {
    await camera.close();
  }
}

export const never = new AbortController().signal;

/** The picture's pixels: height x width x 3 bytes. */
export async function pixelsOf({ bytes, pixels }: Picture): Promise<Uint8Array> {
  return pixels ? bytes : sharp(bytes, { failOn: 'error' }).removeAlpha().raw().toBuffer();
}

export async function waitFor(what: string, isSo: () => boolean, limitMs: number): Promise<void> {
  const startedAt = performance.now();
  while (!isSo()) {
    expect(performance.now() - startedAt < limitMs, `${what}: not within ${limitMs} ms`);
    await sleep(20);
  }
}

/** Open descriptors and threads of this process, without sockets: fetch keeps some for a while. */
export function holdings(): { readonly descriptors: number; readonly threads: number } {
  return {
    descriptors: readdirSync('/proc/self/fd').filter((fd) => !isSocket(fd)).length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]),
  };
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    return true; // the descriptor that listed the folder
  }
}
