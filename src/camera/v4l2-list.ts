import { readdir, readlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import {
  loadV4l2Addon,
  type V4l2Control,
  type V4l2ErrorCode,
  type V4l2Format,
  type V4l2Names,
} from './v4l2-addon.ts';
import { cameraErrorOf, v4l2CodeOf } from './v4l2-errors.ts';

/** A capture device and its capabilities. */
export interface ListedCamera {
  readonly path: string;
  /** Links below /dev/v4l to the device, those by id first. */
  readonly stableNames: readonly string[];
  readonly names: V4l2Names;
  readonly formats: readonly V4l2Format[];
  readonly controls: readonly V4l2Control[];
}

/** A video device that is not a camera or could not be queried. */
export interface OtherDevice {
  readonly path: string;
  readonly code: V4l2ErrorCode;
  readonly reason: string;
}

/** Queries every video device below `devFolder`, including cameras in use. */
export async function listV4l2Cameras(
  devFolder = '/dev',
): Promise<{ readonly cameras: readonly ListedCamera[]; readonly others: readonly OtherDevice[] }> {
  const nodes = (await namesIn(devFolder)).filter((name) => /^video\d+$/.test(name));
  nodes.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  const links = await stableNamesOf(join(devFolder, 'v4l'));
  const cameras: ListedCamera[] = [];
  const others: OtherDevice[] = [];
  for (const path of nodes.map((node) => join(devFolder, node))) {
    try {
      cameras.push({ path, stableNames: links.get(path) ?? [], ...(await queryDevice(path)) });
    } catch (error) {
      others.push({ path, code: v4l2CodeOf(error), reason: messageOf(cameraErrorOf(path, error)) });
    }
  }
  return { cameras, others };
}

async function queryDevice(path: string): Promise<Pick<ListedCamera, 'names' | 'formats' | 'controls'>> {
  const device = await loadV4l2Addon().open(path);
  try {
    return {
      names: await device.names(),
      formats: await device.formats(),
      controls: await device.controls(),
    };
  } finally {
    await device.close();
  }
}

/** The links in by-id and by-path, by their target device. */
async function stableNamesOf(folder: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const kind of ['by-id', 'by-path'])
    for (const name of (await namesIn(join(folder, kind))).sort()) {
      const link = join(folder, kind, name);
      const target = resolve(join(folder, kind), await readlink(link).catch(() => ''));
      const device = join(folder, '..', basename(target));
      found.set(device, [...(found.get(device) ?? []), link]);
    }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
