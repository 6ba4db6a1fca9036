import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ScenecastError } from '../../domain/errors.ts';

/** Held by this process until it is released, or the process ends in whatever way. */
export interface DownloadLock {
  /** @throws ScenecastError where another process took the lock away. */
  requireHeld(): Promise<void>;
  release(): Promise<void>;
}

const pollMs = 50;

/**
 * Takes a lock: a file that only one process can make, with that process's id inside. A lock whose process is
 * gone (its id is free, or belongs to a process that started at another time) is taken over.
 * @param waitMs how long to wait for a process that holds it; 0 refuses at once.
 * @throws ScenecastError naming the process that holds it.
 */
export async function takeLock(path: string, what: string, waitMs: number): Promise<DownloadLock> {
  const own = JSON.stringify({ ...identityOf(process.pid), key: randomUUID() });
  const deadlineMs = performance.now() + waitMs;
  while (!(await make(path, own))) {
    const held = await readFile(path, 'utf8').catch(() => null);
    if (held === null) continue;
    const holder = livingHolder(held);
    if (holder === null) {
      await removeStale(path, held);
      continue;
    }
    if (performance.now() >= deadlineMs)
      throw new ScenecastError(
        `${what} by process ${holder.pid} (${path}): wait until it has ended, or end it, and run this again`,
      );
    await delay(pollMs);
  }
  return {
    async requireHeld() {
      if ((await readFile(path, 'utf8').catch(() => null)) !== own)
        throw new ScenecastError(`${path}: another process took this lock; run the command again`);
    },
    async release() {
      if ((await readFile(path, 'utf8').catch(() => null)) === own) await rm(path, { force: true });
    },
  };
}

/** Makes the lock, whole and at once; false where there is one already. */
async function make(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes a stale lock, unless another process has just done so and holds it now: one at a time may, so that a lock that
 * is held is never moved. Who died at it is passed over.
 */
async function removeStale(path: string, stale: string): Promise<void> {
  const guard = `${path}.stale`;
  if (!(await make(guard, JSON.stringify(identityOf(process.pid))))) {
    const held = await readFile(guard, 'utf8').catch(() => null);
    if (held !== null && livingHolder(held) === null) await rm(guard, { force: true });
    await delay(pollMs);
    return;
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => null)) === stale) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

interface Identity {
  readonly pid: number;
  /** In clock ticks since this boot; null where /proc does not tell. */
  readonly startedAt: string | null;
  readonly boot: string | null;
}

function identityOf(pid: number): Identity {
  return { pid, startedAt: startOf(pid), boot: readOrNull('/proc/sys/kernel/random/boot_id') };
}

/** Whose lock this is; null where that process is gone, or the text names none. */
function livingHolder(text: string): Identity | null {
  const holder = parse(text);
  return holder !== null && isAlive(holder) ? holder : null;
}

function isAlive({ pid, startedAt, boot }: Identity): boolean {
  const now = identityOf(pid);
  if (boot !== null && boot !== now.boot) return false;
  if (startedAt !== null) return startedAt === now.startedAt;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/<pid>/stat; the second one, in brackets, may hold spaces. A zombie counts as gone. */
function startOf(pid: number): string | null {
  const fields = readOrNull(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields === undefined || fields[0] === 'Z' ? null : (fields[19] ?? null);
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function parse(text: string): Identity | null {
  try {
    const { pid, startedAt = null, boot = null } = JSON.parse(text);
    return Number.isInteger(pid) ? { pid, startedAt, boot } : null;
  } catch {
    return null;
  }
}
