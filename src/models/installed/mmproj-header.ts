import { type FileHandle, open } from 'node:fs/promises';

// GGUF versions 2 and 3, little-endian: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

/** What a vision projector's header says, as far as its type matters. */
export interface MmprojHeader {
  /** The type of most weights, as ggml names it: F16, Q8_0 and so on. */
  readonly type: string;
  /** As in `clip.projector_type`: "mlp" is LLaVA's. */
  readonly projector: string;
}

/** An mmproj has no vocabulary: its header takes some 100 kB. */
const maxHeaderBytes = 16 << 20;
/** By GGUF's number of a metadata type; strings (8) and arrays (9) have none. */
const sizeOfType: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};
/** ggml's names of the types that projectors are stored in, by number. */
const typeNames: Readonly<Record<number, string>> = {
  ...{ 0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 6: 'Q5_0', 7: 'Q5_1', 8: 'Q8_0', 10: 'Q2_K', 11: 'Q3_K' },
  ...{ 12: 'Q4_K', 13: 'Q5_K', 14: 'Q6_K', 20: 'IQ4_NL', 23: 'IQ4_XS', 30: 'BF16' },
};

/** Reads a projector's header. Null if the file cannot be read, or is no vision projector. */
export async function readMmprojHeader(path: string): Promise<MmprojHeader | null> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch {
    return null;
  }
  try {
    for (let size = 1 << 18; size <= maxHeaderBytes; size *= 4) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
      try {
        return parse(buffer.subarray(0, bytesRead));
      } catch (error) {
        if (!(error instanceof HeaderEnd)) throw error;
        if (bytesRead < size) return null;
      }
    }
    return null;
  } finally {
    await file.close();
  }
}

/** @throws HeaderEnd if the header goes on beyond these bytes */
function parse(bytes: Buffer): MmprojHeader | null {
  if (bytes.toString('latin1', 0, 4) !== 'GGUF') return null;
  const reader = new HeaderReader(bytes, 4);
  if (reader.u32() < 2) return null;
  const tensorCount = reader.u64();
  const metadataCount = reader.u64();
  const texts = new Map<string, string>();
  for (let index = 0; index < metadataCount; index++) {
    const key = reader.string();
    const type = reader.u32();
    if (type === 8) texts.set(key, reader.string());
    else reader.skip(type);
  }
  if (texts.get('general.architecture') !== 'clip') return null;
  const elements = new Map<number, number>();
  for (let index = 0; index < tensorCount; index++) {
    reader.string();
    const sides = Array.from({ length: reader.u32() }, () => reader.u64());
    const type = reader.u32();
    reader.u64();
    elements.set(type, (elements.get(type) ?? 0) + sides.reduce((product, side) => product * side, 1));
  }
  const [most] = [...elements].sort(([, a], [, b]) => b - a);
  if (!most) return null;
  const projector = texts.get('clip.projector_type') ?? texts.get('clip.vision.projector_type') ?? 'mlp';
  return { type: typeNames[most[0]] ?? `type ${most[0]}`, projector };
}

class HeaderEnd extends Error {}

/** Reads forward. @throws HeaderEnd at the end of the bytes */
class HeaderReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  u64(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#advance(8)));
  }

  string(): string {
    const begin = this.#advance(this.u64());
    return this.#bytes.toString('utf8', begin, this.#at);
  }

  /** Skips a value of this metadata type. */
  skip(type: number): void {
    if (type === 8) this.#advance(this.u64());
    else if (type !== 9) this.#advance(sizeOfType[type] ?? Number.POSITIVE_INFINITY);
    else {
      const item = this.u32();
      const length = this.u64();
      if (item === 8) for (let index = 0; index < length; index++) this.#advance(this.u64());
      else this.#advance(length * (sizeOfType[item] ?? Number.POSITIVE_INFINITY));
    }
  }

  /** @returns where these bytes begin */
  #advance(size: number): number {
    const begin = this.#at;
    if (begin + size > this.#bytes.length) throw new HeaderEnd();
    this.#at = begin + size;
    return begin;
  }
}
