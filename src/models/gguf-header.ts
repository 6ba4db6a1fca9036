// GGUF versions 2 and 3, little-endian: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

/** By GGUF's number of a metadata type; strings (8) and arrays (9) have none. */
const sizeOfType: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};
const defaultAlignment = 32;

/**
 * How many bytes come before the data of the tensors.
 * @throws HeaderEnd if the header goes on beyond these bytes; Error if they are no GGUF
 */
export function ggufHeaderBytes(bytes: Buffer): number {
  if (bytes.length < 4) throw new HeaderEnd();
  const magic = bytes.toString('latin1', 0, 4);
  if (magic !== 'GGUF') throw new Error(`not a GGUF file: it begins with ${JSON.stringify(magic)}`);
  const reader = new HeaderReader(bytes, 4);
  const version = reader.u32();
  if (version < 2 || version > 3) throw new Error(`a GGUF of version ${version}, which is not supported`);
  const tensorCount = reader.u64();
  const metadataCount = reader.u64();
  let alignment = defaultAlignment;
  for (let index = 0; index < metadataCount; index++) {
    const key = reader.string();
    const type = reader.u32();
    if (key === 'general.alignment' && type === 4) alignment = reader.u32();
    else reader.skip(type);
  }
  for (let index = 0; index < tensorCount; index++) {
    reader.string();
    for (let dimensions = reader.u32(); dimensions > 0; dimensions--) reader.u64();
    reader.u32();
    reader.u64();
  }
  return Math.ceil(reader.at / alignment) * alignment;
}

/** The header goes on beyond the bytes. */
export class HeaderEnd extends Error {}

/** Reads a GGUF's header forward. @throws HeaderEnd at the end of the bytes */
export class HeaderReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** How many bytes were read. */
  get at(): number {
    return this.#at;
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
