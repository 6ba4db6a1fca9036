// Faults of GGUF files. Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

/** A whole number from 0 to below `end`. */
export type Random = (end: number) => number;

export interface Mutation {
  /** The mutation, for the report. */
  readonly what: string;
  readonly bytes: Buffer;
}

/** Numbers that overflow, are negative when signed, or just do not fit. */
const absurd = [
  0n,
  1n,
  3n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  2n ** 64n - 1n,
];

type Mutate = (file: Buffer, random: Random) => Mutation;

const truncated: Mutate = (file, random) => {
  const length = random(2) === 0 ? random(file.length) : random(Math.min(file.length, 4096));
  return { what: `cut to ${length} of ${file.length} bytes`, bytes: Buffer.from(file.subarray(0, length)) };
};

const wrongMagic: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  bytes[random(4)]! ^= 1 + random(255);
  return { what: 'wrong magic', bytes };
};

/** The version, the count of tensors or that of metadata values. */
const absurdCount: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  const [what, at, wide] = (
    [
      ['version', 4, false],
      ['tensor count', 8, true],
      ['metadata count', 16, true],
    ] as const
  )[random(3)]!;
  const value = absurd[random(absurd.length)]!;
  if (wide) bytes.writeBigUInt64LE(value, at);
  else bytes.writeUInt32LE(Number(value & 0xffffffffn), at);
  return { what: `${what} ${value}`, bytes };
};

const flippedBytes: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  const count = 1 + random(16);
  for (let done = 0; done < count; done++) bytes[random(headerLength(file))]! ^= 1 << random(8);
  return { what: `${count} bits of the header flipped`, bytes };
};

const absurdNumber: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  const at = 24 + random(headerLength(file) - 32);
  const value = absurd[random(absurd.length)]!;
  if (random(2) === 0) bytes.writeUInt32LE(Number(value & 0xffffffffn), at);
  else bytes.writeBigUInt64LE(value, at);
  return { what: `${value} at byte ${at} of the header`, bytes };
};

/** The value of a key, which follows the key and the type number. */
const absurdValue: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  const keys = numericKeys(file);
  const { key, at } = keys[random(keys.length)]!;
  const value = absurd[random(absurd.length)]! & 0xffffffffn;
  bytes.writeUInt32LE(Number(value), at);
  return { what: `${key} = ${value}`, bytes };
};

const renamedKey: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  const keys = numericKeys(file);
  const { key, at } = keys[random(keys.length)]!;
  bytes.write('X', at - 4 - key.length + random(key.length), 'latin1');
  return { what: `${key} renamed`, bytes };
};

const unknownArchitecture: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  const key = 'general.architecture';
  const at = bytes.indexOf(key) + key.length + 4 + 8;
  bytes.write(String.fromCharCode(65 + random(26)), at, 'latin1');
  return { what: 'unknown architecture', bytes };
};

const invertedSpan: Mutate = (file, random) => {
  const bytes = Buffer.from(file);
  const at = random(bytes.length);
  const length = 1 + random(Math.min(4096, bytes.length - at));
  for (let each = at; each < at + length; each++) bytes[each]! ^= 0xff;
  return { what: `${length} bytes from ${at} inverted`, bytes };
};

const insertedBytes: Mutate = (file, random) => {
  const at = random(headerLength(file));
  const extra = Buffer.alloc(1 + random(64), random(256));
  return {
    what: `${extra.length} bytes inserted at ${at}`,
    bytes: Buffer.concat([file.subarray(0, at), extra, file.subarray(at)]),
  };
};

const mutations: readonly Mutate[] = [
  truncated,
  wrongMagic,
  absurdCount,
  flippedBytes,
  absurdNumber,
  absurdValue,
  renamedKey,
  unknownArchitecture,
  invertedSpan,
  insertedBytes,
];

/** A file with one fault. */
export function mutateGguf(file: Buffer, random: Random): Mutation {
  for (;;) {
    const mutation = mutations[random(mutations.length)]!(file, random);
    if (!mutation.bytes.equals(file)) return mutation; // the same value may have been there before
  }
}

/** Approximate end of the header: the rest of the file is weights, and wrong weights are not a format fault. */
function headerLength(file: Buffer): number {
  return Math.min(file.length, Math.max(file.lastIndexOf('.weight') + 64, 256));
}

/** Scalar u32, i32 and f32 metadata values, found by the names of their keys. */
function numericKeys(file: Buffer): { key: string; at: number }[] {
  const header = file.toString('latin1', 0, headerLength(file));
  const found: { key: string; at: number }[] = [];
  for (const match of header.matchAll(/(?:llama|clip|qwen2vl|gemma3|tokenizer|general)\.[a-z_.]+/g)) {
    const [key] = match;
    const end = match.index + key.length;
    if (file.readBigUInt64LE(match.index - 8) !== BigInt(key.length)) continue;
    const type = file.readUInt32LE(end);
    if (type >= 4 && type <= 6) found.push({ key, at: end + 4 });
  }
  return found;
}
