import { type FileHandle, open } from 'node:fs/promises';
import { HeaderEnd, HeaderReader } from '../gguf-header.ts';

/** What a vision projector's header says, as far as its type matters. */
export interface MmprojHeader {
  /** The type of most weights, as ggml names it: F16, Q8_0 and so on. */
  readonly type: string;
  /** As in `clip.projector_type`: "mlp" is LLaVA's. */
  readonly projector: string;
}

/** An mmproj has no vocabulary: its header takes some 100 kB. */
const maxHeaderBytes = 16 << 20;
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
