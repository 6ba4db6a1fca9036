import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../domain/errors.ts';
import { refuseForeign } from '../foreign-content.ts';
import { checkJson, parseJson } from './json-file.ts';

// The format: https://huggingface.co/docs/safetensors - 8 bytes of header length, the header as JSON, then the data.

/** A tensor in a checkpoint. */
export interface StoredTensor {
  readonly name: string;
  /** The file it is in. */
  readonly path: string;
  /** Slowest dimension first. */
  readonly shape: readonly number[];
  /** As safetensors names it: F32, F16, BF16, I64, F8_E4M3, ... */
  readonly dtype: string;
  readonly sizeBytes: number;
  /**
   * Fills `target` with the bytes from `offsetBytes` of the tensor on.
   * @throws ConfigError if the file ends before that
   */
  read(target: Uint8Array, offsetBytes: number): Promise<void>;
}

const dtypeBytes: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};
const lengthBytes = 8;
/** The format's own limit. */
const maxHeaderBytes = 100_000_000;
const count = z.int().nonnegative();
const headerSchema = z.record(z.string(), z.unknown());
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(count).max(8, 'more than 8 dimensions'),
  data_offsets: z.tuple([count, count]),
});

/** An open safetensors file. Reads by position and keeps no data in memory. */
export class SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  private readonly file: FileHandle;

  private constructor(file: FileHandle, tensors: ReadonlyMap<string, StoredTensor>) {
    this.file = file;
    this.tensors = tensors;
  }

  /**
   * Opens a file and checks its header against its length.
   * @throws ConfigError with the file, and the tensor if one is invalid
   */
  static async open(path: string): Promise<SafetensorsFile> {
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch (cause) {
      throw new ConfigError(`${path}: cannot be opened: ${messageOf(cause)}; download the checkpoint again`, {
        cause,
      });
    }
    try {
      return new SafetensorsFile(file, await readTensors(path, file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

async function readTensors(path: string, file: FileHandle): Promise<Map<string, StoredTensor>> {
  const { size: fileBytes } = await file.stat();
  const head = Buffer.alloc(Math.min(64, fileBytes));
  await readFully(path, file, head, 0);
  refuseForeign(path, head, fileBytes);
  const length = Buffer.alloc(lengthBytes);
  if (fileBytes < lengthBytes)
    throw new ConfigError(`${path}: only ${fileBytes} bytes long; download it again`);
  await readFully(path, file, length, 0);
  const headerBytes = Number(length.readBigUInt64LE());
  if (headerBytes > maxHeaderBytes || headerBytes > fileBytes - lengthBytes)
    throw new ConfigError(
      `${path}: not a safetensors file, or damaged: its header says it is ${headerBytes} bytes long, ` +
        `the file has ${fileBytes}; download it again`,
    );
  const source = Buffer.alloc(headerBytes);
  await readFully(path, file, source, lengthBytes);
  const header = checkJson(path, parseJson(path, source.toString('utf8')), headerSchema);
  const dataStart = lengthBytes + headerBytes;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const tensor = checkJson(`${path}: tensor ${name}`, entry, entrySchema);
    const [begin, end] = tensor.data_offsets;
    const size = dtypeBytes[tensor.dtype];
    if (size === undefined) throw new ConfigError(`${path}: tensor ${name}: unknown type ${tensor.dtype}`);
    const sizeBytes = tensor.shape.reduce((product, side) => product * side, size);
    if (end - begin !== sizeBytes)
      throw new ConfigError(
        `${path}: tensor ${name}: data_offsets ${begin} to ${end} do not hold ` +
          `${tensor.shape.join('x')} values of ${tensor.dtype} (${sizeBytes} bytes); download it again`,
      );
    if (dataStart + end > fileBytes)
      throw new ConfigError(
        `${path}: cut short: tensor ${name} ends at byte ${dataStart + end}, the file at ${fileBytes}; ` +
          'download it again',
      );
    tensors.set(name, {
      name,
      path,
      shape: tensor.shape,
      dtype: tensor.dtype,
      sizeBytes,
      read: (target, offsetBytes) => readFully(path, file, target, dataStart + begin + offsetBytes),
    });
  }
  return tensors;
}

async function readFully(
  path: string,
  file: FileHandle,
  target: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0)
      throw new ConfigError(
        `${path}: ends at byte ${position + done}, before the end of a tensor; download it again`,
      );
    done += bytesRead;
  }
}
