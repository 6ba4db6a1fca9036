import { ConfigError } from '../../domain/errors.ts';
import { refuseForeign } from '../foreign-content.ts';

// The fields of sentencepiece_model.proto that a vocabulary needs, read from the protobuf wire format.
// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto

/** SentencePiece's piece types; GGUF's token types have the same numbers. */
export const pieceTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface SentencePiece {
  readonly text: string;
  readonly score: number;
  /** One of `pieceTypes`. */
  readonly type: number;
}

export interface SentencePieceModel {
  readonly pieces: readonly SentencePiece[];
  /** A text gets a space in front. */
  readonly addsSpacePrefix: boolean;
  readonly unknownId: number;
}

const bpeModel = 2;

/**
 * Reads a tokenizer.model.
 * @throws ConfigError if it is not one, or not of the BPE kind that llama.cpp's "llama" tokeniser supports
 */
export function readSentencePieceModel(path: string, bytes: Buffer): SentencePieceModel {
  refuseForeign(path, bytes, bytes.length);
  try {
    return readModel(path, bytes);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new ConfigError(`${path}: not a SentencePiece model (${cause.message}); download it again`, {
      cause,
    });
  }
}

function readModel(path: string, bytes: Buffer): SentencePieceModel {
  const pieces: SentencePiece[] = [];
  let addsSpacePrefix = true;
  let unknownId = 0;
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 1) pieces.push(readPiece(bytesOf(value)));
    if (field === 2) {
      for (const [inner, setting] of fieldsOf(bytesOf(value))) {
        if (inner === 40) unknownId = numberOf(setting);
        if (inner === 3 && numberOf(setting) !== bpeModel)
          throw new ConfigError(
            `${path}: a SentencePiece model of type ${numberOf(setting)}; only BPE (${bpeModel}) can be converted`,
          );
      }
    }
    if (field === 3) {
      for (const [inner, setting] of fieldsOf(bytesOf(value)))
        if (inner === 3) addsSpacePrefix = numberOf(setting) !== 0;
    }
  }
  if (pieces.length === 0) throw new WireError('it has no pieces');
  return { pieces, addsSpacePrefix, unknownId };
}

function readPiece(bytes: Buffer): SentencePiece {
  let text = '';
  let score = 0;
  let type: number = pieceTypes.normal;
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 1) text = bytesOf(value).toString('utf8');
    if (field === 2) {
      if (bytesOf(value).length !== 4) throw new WireError('a score is not a float');
      score = bytesOf(value).readFloatLE();
    }
    if (field === 3) type = numberOf(value);
  }
  return { text, score, type };
}

class WireError extends Error {}

/** A varint, or the bytes of anything else. */
type WireValue = number | Buffer;

function* fieldsOf(bytes: Buffer): Generator<[field: number, value: WireValue]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new WireError('it is cut short');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new WireError('a number is too long');
  };
  const slice = (length: number): Buffer => {
    if (length > bytes.length - at) throw new WireError('it is cut short');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const wireType = key % 8;
    const field = Math.floor(key / 8);
    if (wireType === 0) yield [field, varint()];
    else if (wireType === 1) yield [field, slice(8)];
    else if (wireType === 2) yield [field, slice(varint())];
    else if (wireType === 5) yield [field, slice(4)];
    else throw new WireError(`wire type ${wireType}`);
  }
}

function bytesOf(value: WireValue): Buffer {
  if (typeof value === 'number') throw new WireError('a number instead of bytes');
  return value;
}

function numberOf(value: WireValue): number {
  if (typeof value !== 'number') throw new WireError('bytes instead of a number');
  return value;
}
