import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, isMissingFile, messageOf, ScenecastError } from '../../domain/errors.ts';
import { readRegularFile } from '../../system/read-regular-file.ts';

/** Held until it is released or this process exits. */
export interface FolderLock {
  /** @throws ScenecastError if another process took the lock over. */
  requireHeld(): Promise<void>;
  release(): Promise<void>;
}

const pollMs = 50;
const maxLockBytes = 64 * 1024;

/**
 * Takes a lock: a file that only one process can create, with its process id. A lock whose process has exited (the id is
 * unused, or belongs to a process started at another time) is taken over.
 * @param what for errors: "m is being pulled"
 * @param waitMs how long to wait for the holder; 0 refuses at once.
 * @throws ScenecastError with the process that holds it.
 */
export async function takeLock(path: string, what: string, waitMs: number): Promise<FolderLock> {
  const own = JSON.stringify({ ...identityOf(process.pid), key: randomUUID() });
  const deadlineMs = performance.now() + waitMs;
  while (!(await create(path, own))) {
    const held = await contentOf(path);
    if (held === null) continue;
    const holder = livingHolder(held);
    if (holder === null) {
      await removeStale(path, held);
      continue;
    }
    if (performance.now() >= deadlineMs)
      throw new ScenecastError(
        `${what} by process ${holder.pid} (${path}): wait for it to finish, or stop it, and run this again`,
      );
    await delay(pollMs);
  }
  return {
    async requireHeld() {
      if ((await contentOf(path)) !== own)
        throw new ScenecastError(`${path}: another process took this lock; run the command again`);
    },
    async release() {
      if ((await contentOf(path)) === own) await rm(path, { force: true });
    },
  };
}

/** What a lock holds; null: there is none. @throws ScenecastError if there is something that cannot be read */
async function contentOf(path: string): Promise<string | null> {
  try {
    return (await readRegularFile(path, maxLockBytes)).toString('utf8');
  } catch (cause) {
    if (isMissingFile(cause)) return null;
    throw new ScenecastError(`${path}: cannot be used as a lock: ${messageOf(cause)}; remove it`, { cause });
  }
}

/** Creates the lock with its content, atomically; false if it exists already. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes a stale lock, unless another process has just taken it over. A guard file lets one process at a time do this, so
 * that a held lock is never removed; the guard of an exited process is ignored.
 */
async function removeStale(path: string, stale: string): Promise<void> {
  const guard = `${path}.stale`;
  if (!(await create(guard, JSON.stringify(identityOf(process.pid))))) {
    const held = await contentOf(guard);
    if (held !== null && livingHolder(held) === null) await rm(guard, { force: true });
    await delay(pollMs);
    return;
  }
  try {
    if ((await contentOf(path)) === stale) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

interface Identity {
  readonly pid: number;
  /** In clock ticks since boot; null if /proc does not show it. */
  readonly startedAt: string | null;
  readonly boot: string | null;
}

function identityOf(pid: number): Identity {
  return { pid, startedAt: startOf(pid), boot: readOrNull('/proc/sys/kernel/random/boot_id') };
}

/** The process that holds the lock; null if it has exited, or the text is invalid. */
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
    return codeOf(error) === 'EPERM';
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
