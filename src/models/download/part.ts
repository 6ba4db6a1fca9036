import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Digest, RemoteFile } from './hub-file.ts';

const stateSchema = z.object({
  schema: z.literal(1),
  address: z.string(),
  digest: z.string().nullable(),
  sizeBytes: z.int().nullable(),
  etag: z.string().nullable(),
  syncedBytes: z.int(),
});

/** The content of `<file>.part.json`. */
type PartState = z.infer<typeof stateSchema>;

const hashChunkBytes = 1 << 20;

/** Max unsynced bytes of a part. */
const syncEveryBytes = 256 * 1024 * 1024;

/**
 * A file being downloaded: `<file>.part`, and `<file>.part.json`, which identifies the file. Hashes are updated with every
 * write, so that a complete file need not be read again.
 */
export class DownloadPart {
  readonly path: string;
  readonly #statePath: string;
  readonly #file: FileHandle;
  readonly #state: PartState;
  #hashes: FileHashes;
  #length = 0;

  private constructor(path: string, file: FileHandle, state: PartState, hashes: FileHashes) {
    this.path = path;
    this.#statePath = statePathOf(path);
    this.#file = file;
    this.#state = state;
    this.#hashes = hashes;
  }

  /**
   * Opens the part of a file and keeps the data of an earlier download of the same file: with a digest, all of it, as the
   * digest is checked at the end; without, only the synced bytes, as a file may hold zeros after a power cut.
   */
  static async open(path: string, remote: RemoteFile): Promise<DownloadPart> {
    const state: PartState = {
      schema: 1,
      address: remote.address,
      digest: remote.digest && `${remote.digest.algorithm}:${remote.digest.hex}`,
      sizeBytes: remote.sizeBytes,
      etag: null,
      syncedBytes: 0,
    };
    const earlier = await readState(path);
    const isSame =
      earlier !== null &&
      (state.digest === null
        ? // Only its ETag identifies a plain URL's file: without one nothing can be resumed.
          earlier.digest === null && earlier.address === state.address && earlier.etag !== null
        : // The same bytes, even if from another hub.
          earlier.digest === state.digest);
    const file = await open(path, 'a+').then(async (created) => {
      await created.close();
      return open(path, 'r+');
    });
    const { size } = await file.stat();
    let length = 0;
    if (isSame) {
      state.etag = earlier.address === state.address ? earlier.etag : null;
      state.sizeBytes ??= earlier.sizeBytes;
      length = state.digest === null ? Math.min(size, earlier.syncedBytes) : size;
      if (state.sizeBytes !== null && length > state.sizeBytes) length = 0;
    }
    const part = new DownloadPart(path, file, state, new FileHashes(state.sizeBytes));
    await file.truncate(length);
    await part.#hashFirst(length);
    await part.checkpoint();
    return part;
  }

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  get sizeBytes(): number | null {
    return this.#state.sizeBytes;
  }

  get etag(): string | null {
    return this.#state.etag;
  }

  /** Stores the server's metadata of the file; `etag` only if it is a strong one. */
  setMetadata({ sizeBytes, etag }: { sizeBytes: number | null; etag: string | null }): void {
    if (this.#state.sizeBytes === null && sizeBytes !== null) this.#state.sizeBytes = sizeBytes;
    this.#state.etag = etag;
  }

  async append(chunk: Uint8Array): Promise<void> {
    let written = 0;
    while (written < chunk.length) {
      const { bytesWritten } = await this.#file.write(
        chunk,
        written,
        chunk.length - written,
        this.#length + written,
      );
      written += bytesWritten;
    }
    this.#hashes.update(chunk);
    this.#length += chunk.length;
    if (this.#length - this.#state.syncedBytes >= syncEveryBytes) await this.sync();
  }

  /** Empties the part; `sizeBytes` is the size in the hub's listing, if known. */
  async restart(sizeBytes: number | null): Promise<void> {
    await this.#file.truncate(0);
    this.#length = 0;
    this.#state.sizeBytes = sizeBytes;
    this.#state.etag = null;
    this.#hashes = new FileHashes(sizeBytes);
    await this.checkpoint();
  }

  /** Writes the state; without a digest, syncs the data first. */
  async checkpoint(): Promise<void> {
    if (this.#state.digest === null) await this.sync();
    else await writeFile(this.#statePath, JSON.stringify(this.#state));
  }

  /** Syncs the data and writes the state. */
  async sync(): Promise<void> {
    await this.#file.sync();
    this.#state.syncedBytes = this.#length;
    await writeFile(this.#statePath, JSON.stringify(this.#state), { flush: true });
  }

  sha256(): string {
    return this.#hashes.sha256.copy().digest('hex');
  }

  matches({ algorithm, hex }: Digest): boolean {
    return hex === (algorithm === 'sha256' ? this.sha256() : this.#hashes.gitSha1?.copy().digest('hex'));
  }

  /** The first bytes of the file. */
  async head(bytes: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async discard(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(this.#statePath, { force: true });
  }

  async #hashFirst(bytes: number): Promise<void> {
    const buffer = Buffer.alloc(Math.min(bytes, hashChunkBytes));
    while (this.#length < bytes) {
      const length = Math.min(buffer.length, bytes - this.#length);
      const { bytesRead } = await this.#file.read(buffer, 0, length, this.#length);
      if (bytesRead === 0) break;
      this.#hashes.update(buffer.subarray(0, bytesRead));
      this.#length += bytesRead;
    }
  }
}

/** The SHA-256 of a file's bytes and, if its size is known in advance, the SHA-1 of its git blob. */
class FileHashes {
  readonly sha256: Hash = createHash('sha256');
  readonly gitSha1: Hash | null;
  constructor(sizeBytes: number | null) {
    this.gitSha1 = sizeBytes === null ? null : createHash('sha1').update(`blob ${sizeBytes}\0`);
  }
  update(bytes: Uint8Array): void {
    this.sha256.update(bytes);
    this.gitSha1?.update(bytes);
  }
}

export function statePathOf(partPath: string): string {
  return `${partPath}.json`;
}

async function readState(path: string): Promise<PartState | null> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(statePathOf(path), 'utf8')));
  } catch {
    // Missing, truncated or of another version: the part's file is unknown.
    return null;
  }
}
