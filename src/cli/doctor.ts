import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { boardJson } from '../board/board-json.ts';
import { probeBoard } from '../board/probe-board.ts';
import { readBoard } from '../board/read-board.ts';
import { listIpCameras } from '../camera/list-ip-cameras.ts';
import { readLogin } from '../camera/login.ts';
import { V4l2Camera } from '../camera/v4l2.ts';
import { listV4l2Cameras } from '../camera/v4l2-list.ts';
import { ConfigError, messageOf, ScenecastError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import { defaultModelsFolder } from '../models/installed/installed.ts';
import { serviceConfigFolder } from '../setup/look-up-secret.ts';
import { loadSharp } from '../system/sharp.ts';
import { type AllFlags, checkAll } from './doctor-all.ts';
import { boardText } from './doctor-board.ts';
import { camerasJson, camerasText, type Snapshot } from './doctor-cameras.ts';
import { engineJson, engineText } from './doctor-engine.ts';
import { inspectCpuModule } from './doctor-parts.ts';
import { silentLog } from './silent-log.ts';

interface CameraFlags {
  readonly json?: true;
  readonly snapshot?: string;
  readonly network: boolean;
  readonly username?: string;
  readonly passwordFile?: string;
}

/** `scenecast doctor`: checks everything; its subcommands show cameras, board and engine in detail. */
export function doctorCommand(signal: AbortSignal): Command {
  const doctor = new Command('doctor')
    .description('check everything from config to cameras, or show one part in detail')
    .option(
      '-c, --config <file>',
      `config to check (default: ${serviceConfigFolder}/config.yaml, if it exists)`,
    )
    .option('--json', 'print JSON')
    .enablePositionalOptions()
    .exitOverride()
    .action((flags: AllFlags) => checkAll(flags, signal));
  doctor
    .command('cameras')
    .description(
      'list V4L2 cameras, their formats and controls, and the IP cameras of the local network (ONVIF)',
    )
    .option('--json', 'print JSON')
    .option('--snapshot <folder>', 'save a picture of each V4L2 camera as a JPEG in this folder')
    .option('--username <name>', 'user of the IP cameras, most of which name their streams to users only')
    .option('--password-file <file>', "file whose first line is that user's password")
    .option('--no-network', 'do not look for IP cameras')
    .exitOverride()
    .action((flags: CameraFlags) => cameras(flags, signal));
  doctor
    .command('board')
    .description('show CPUs, memory, storage and temperatures, and what limits the board')
    .option('--json', 'print JSON')
    .option(
      '--board <path>',
      "output of `doctor board --json`, or a folder with another board's /proc and /sys",
    )
    .exitOverride()
    .action(board);
  doctor
    .command('engine')
    .description('show which CPU kernels the engine uses, and why')
    .option('--json', 'print JSON')
    .exitOverride()
    .action((flags: { readonly json?: true }) => engine(flags, signal));
  return doctor;
}

async function board({
  json,
  board: path,
}: {
  readonly json?: true;
  readonly board?: string;
}): Promise<void> {
  const found =
    path === undefined
      ? await probeBoard({ modelsFolder: defaultModelsFolder(process.env) })
      : await readBoard(path);
  process.stdout.write(`${json ? JSON.stringify(boardJson(found), null, 2) : boardText(found)}\n`);
}

async function engine({ json }: { readonly json?: true }, signal: AbortSignal): Promise<void> {
  const report = await inspectCpuModule(signal);
  process.stdout.write(`${json ? JSON.stringify(engineJson(report), null, 2) : engineText(report)}\n`);
  const { failure } = report.facts;
  if (failure !== null) throw new ScenecastError(failure);
}

async function cameras(flags: CameraFlags, signal: AbortSignal): Promise<void> {
  if (flags.passwordFile !== undefined && flags.username === undefined)
    throw new ConfigError('--password-file: give --username too');
  const login = await readLogin(flags.username ?? null, flags.passwordFile ?? null);
  const searching = flags.network ? listIpCameras(login, signal) : Promise.resolve(null);
  // Handled below; until then it must not end the process.
  searching.catch(() => {});
  const { cameras: found, others } = await listV4l2Cameras();
  const folder = flags.snapshot === undefined ? null : resolve(flags.snapshot);
  const snapshots = new Map<string, Snapshot>();
  if (folder !== null)
    for (const { path } of found) snapshots.set(path, await snapshotOf(path, folder, signal));
  const listing = { cameras: found, others, snapshots, ipCameras: await searching };
  process.stdout.write(
    `${flags.json ? JSON.stringify(camerasJson(listing), null, 2) : camerasText(listing)}\n`,
  );
  const failed = others.filter(({ code }) => code !== 'NOT_A_CAMERA').map(({ reason }) => reason);
  for (const { error } of snapshots.values()) if (error !== null) failed.push(error);
  if (failed.length > 0) throw new ScenecastError(failed.join('\n'));
}

/** Captures one picture as the daemon would. */
async function snapshotOf(path: string, folder: string, signal: AbortSignal): Promise<Snapshot> {
  const options = {
    path,
    size: null,
    rate: null,
    format: 'auto',
    controls: {},
    rotation: 0,
    flip: 'none',
    frameTimeoutMs: 5000,
  } as const;
  const camera = new V4l2Camera(basename(path), options, silentLog);
  try {
    const picture = await camera.capture(signal);
    const file = join(folder, `${basename(path)}.jpg`);
    await mkdir(folder, { recursive: true });
    await writeFile(file, await jpegOf(picture));
    return { file, size: picture.size, error: null };
  } catch (error) {
    return { file: null, size: null, error: messageOf(error) };
  } finally {
    await camera.close();
  }
}

async function jpegOf({ bytes, size, pixels }: Picture): Promise<Uint8Array> {
  if (!pixels) return bytes;
  const sharp = await loadSharp();
  return sharp(bytes, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}
