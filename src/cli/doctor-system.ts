import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { probeBoard } from '../board/probe-board.ts';
import type { Config } from '../config/schema.ts';
import { isPlausible } from '../domain/clock.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { stateFault, userName } from '../system/state-access.ts';
import { boardFaults, gibibytes } from './doctor-board.ts';
import { type Check, failed, ok, warning } from './doctor-check.ts';

const run = promisify(execFile);
const minFreeBytes = 64e6;
/** For the outbox, settings, and Node's compiled code. */
const usualFreeBytes = 500e6;

/** The unit as systemd knows it. */
export interface ServiceState {
  readonly isInstalled: boolean;
  readonly isActive: boolean;
  readonly user: string | null;
  readonly check: Check;
}

/** Whether the service runs, and its own status line. */
export async function checkService(): Promise<ServiceState> {
  const shown = await run('systemctl', [
    'show',
    'scenecast.service',
    '--property=LoadState,ActiveState,SubState,UnitFileState,User,StatusText,ExecMainStatus,NeedDaemonReload',
  ]).catch(() => null);
  const fields = new Map(
    (shown?.stdout ?? '').split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  const state = fields.get('ActiveState') ?? '';
  const isInstalled = fields.get('LoadState') === 'loaded';
  return {
    isInstalled,
    isActive: isInstalled && state === 'active',
    user: fields.get('User') || null,
    check: isInstalled
      ? serviceCheck(fields)
      : ok('service', `not installed here${shown ? '' : ' (no systemd)'}: nothing to check`),
  };
}

function serviceCheck(fields: ReadonlyMap<string, string>): Check {
  const [state, part, isEnabled] = [
    fields.get('ActiveState'),
    'service',
    fields.get('UnitFileState') === 'enabled',
  ];
  const journal = 'journalctl -u scenecast -n 20';
  const status = fields.get('StatusText') || 'no status';
  if (state === 'failed' || fields.get('SubState') === 'auto-restart')
    return failed(
      part,
      `it ${state === 'failed' ? 'has failed' : 'ends and is restarted'}, exit code ${fields.get('ExecMainStatus')}`,
      journal,
    );
  if (fields.get('NeedDaemonReload') === 'yes')
    return warning(
      part,
      'its unit file has changed',
      'sudo systemctl daemon-reload && sudo systemctl restart scenecast',
    );
  if (state === 'active' && status.startsWith('stuck')) return failed(part, status, journal);
  if (state === 'active' && isEnabled) return ok(part, `active; ${status}`);
  return state === 'active'
    ? warning(part, `active, but it does not start at boot; ${status}`, 'sudo systemctl enable scenecast')
    : warning(part, `${state}; it does not run`, 'sudo systemctl enable --now scenecast');
}

/** Whether the state folder can be used, and everything in it belongs to its user. */
export async function checkState(folder: string): Promise<Check> {
  const part = 'state';
  if (!existsSync(folder)) {
    const fault = stateFault('write', folder);
    return fault ? failed(part, fault.fault, fault.remedy) : ok(part, `${folder}: not created yet`);
  }
  const { uid } = await stat(folder);
  const me = process.geteuid!();
  const fault = me === 0 ? null : stateFault('write', folder);
  if (fault)
    return uid === me
      ? failed(part, fault.fault, fault.remedy)
      : warning(part, `${fault.fault}; not all can be checked`, 'sudo scenecast doctor');
  const user = userName(uid) ?? `#${uid}`;
  const names = await readdir(folder, { recursive: true });
  const foreign: string[] = [];
  for (const name of names.filter((name) => !name.startsWith('compile-cache')))
    if ((await lstat(join(folder, name)).catch(() => null))?.uid !== uid) foreign.push(name);
  if (foreign.length === 0) return ok(part, `${folder}, of the user ${user}`);
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : '';
  return failed(
    part,
    `${folder}: not of the user ${user}: ${foreign.slice(0, 3).join(', ')}${more}`,
    `sudo chown -R ${user}: ${folder}`,
  );
}

/** Whether the state's disk has room for outbox and history. */
export async function checkDisk(folder: string, config: Config | null): Promise<Check> {
  const nearest = existsSync(folder) ? folder : dirname(folder);
  if (nearest !== folder && nearest !== '/') return checkDisk(nearest, config);
  const { bavail, bsize, ffree, files } = await statfs(nearest);
  const free = bavail * bsize;
  const text = `${formatBytes(free)} free at ${nearest}`;
  const remedy = 'free some space; scenecast models list shows the models, models remove deletes one';
  if (free < minFreeBytes) return failed('disk', text, remedy);
  if (files > 0 && ffree === 0) return failed('disk', `no inodes are free at ${nearest}`, remedy);
  const kept = 2 * (config?.store.outbox.max_size ?? 0) + (config?.history?.max_size ?? 0);
  const needed = Math.max(usualFreeBytes, kept);
  return free < needed
    ? warning('disk', `${text}; ${formatBytes(needed)} may be needed`, remedy)
    : ok('disk', text);
}

/** Whether the clock is set, and synchronised where systemd knows it. */
export async function checkClock(now = Date.now()): Promise<Check> {
  const time = new Date(now).toISOString().replace(/\.\d+/, '');
  const remedy =
    'sudo timedatectl set-ntp true, and check the network; a battery for the clock (RTC) helps after a power cut';
  if (!isPlausible(new Date(now)))
    return failed('clock', `${time}: it is not set; descriptions would carry this time`, remedy);
  const shown = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value']).catch(() => null);
  const isSynchronised = shown?.stdout.trim();
  if (isSynchronised === 'no') return warning('clock', `${time}, not synchronised`, remedy);
  return ok('clock', `${time}${isSynchronised === 'yes' ? ', synchronised' : ''}`);
}

/** What limits the board: heat, power, cgroups. */
export async function checkBoard(): Promise<Check[]> {
  const board = await probeBoard();
  const faults = boardFaults(board);
  if (faults.length > 0) return faults.map((fault) => warning('board', fault));
  const cpus = board.clusters.flatMap((cluster) => cluster.cpus).length;
  return [
    ok(
      'board',
      `${board.model ?? board.arch}, ${cpus} CPUs, ${gibibytes(board.memory.totalBytes)} of memory`,
    ),
  ];
}

/** Whether the service's user may open the V4L2 cameras. */
export async function checkDevices(config: Config, user: string): Promise<Check[]> {
  const devices = Object.values(config.cameras).flatMap(({ source }) =>
    source.type === 'v4l2' ? [source.device] : [],
  );
  return Promise.all(
    devices.map(async (device) => {
      const found = await stat(device).catch(() => null);
      if (!found)
        return failed(
          'devices',
          `${device} is missing`,
          'plug it in; scenecast doctor cameras lists what there is',
        );
      const group = (await readGroups()).find(({ id }) => id === found.gid);
      const mayOpen =
        userName(found.uid) === user ||
        (found.mode & 0o006) === 0o006 ||
        ((found.mode & 0o060) === 0o060 && (group?.members.includes(user) ?? false));
      return mayOpen
        ? ok('devices', `${user} may open ${device}`)
        : failed(
            'devices',
            `${user} may not open ${device}`,
            `sudo usermod -aG ${group?.name ?? 'video'} ${user}, then restart the service`,
          );
    }),
  );
}

async function readGroups(): Promise<{ name: string; id: number; members: string[] }[]> {
  const lines = (await readFile('/etc/group', 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [name = '', , id, members = ''] = line.split(':');
    return { name, id: Number(id), members: members.split(',') };
  });
}
