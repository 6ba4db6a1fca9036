const endOfHeader = Buffer.from('\r\n\r\n');
const startOfImage = 0xffd8;
const maxHeaderBytes = 1024;

/**
 * Extracts the pictures from the output of ffmpeg's `mpjpeg` muxer: parts of multipart/x-mixed-replace, each with its
 * Content-length, so that picture data need not be searched. Chunks may be split anywhere.
 * Buffers one picture at most. Parts that are not JPEG are skipped.
 */
export class MpjpegParser {
  readonly #maxPictureBytes: number;
  readonly #onPicture: (jpeg: Uint8Array) => void;
  #header: Buffer = Buffer.alloc(0);
  #picture: Buffer | null = null;
  #filledBytes = 0;

  constructor(maxPictureBytes: number, onPicture: (jpeg: Uint8Array) => void) {
    this.#maxPictureBytes = maxPictureBytes;
    this.#onPicture = onPicture;
  }

  /** @throws RangeError if this cannot be the muxer's output, or a picture exceeds the limit. */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#picture ? this.#fill(this.#picture, rest) : this.#readHeader(rest);
  }

  /** Reads up to the end of the part's header; returns what follows it. */
  #readHeader(chunk: Buffer): Buffer {
    const known = this.#header.length;
    const text = Buffer.concat([this.#header, chunk.subarray(0, maxHeaderBytes)]);
    const end = text.indexOf(endOfHeader);
    if (end < 0) {
      if (text.length >= maxHeaderBytes) throw new RangeError('a part without a header');
      this.#header = text;
      return chunk.subarray(chunk.length);
    }
    const length = /content-length:\s*(\d+)/i.exec(text.toString('latin1', 0, end))?.[1];
    const sizeBytes = Number(length);
    if (length === undefined) throw new RangeError('a part without a Content-length');
    if (sizeBytes > this.#maxPictureBytes) throw new RangeError(`a picture of ${sizeBytes} bytes`);
    this.#header = Buffer.alloc(0);
    if (sizeBytes > 0) this.#picture = Buffer.allocUnsafeSlow(sizeBytes);
    return chunk.subarray(end + endOfHeader.length - known);
  }

  /** Copies what belongs to the picture; returns what follows it. */
  #fill(picture: Buffer, chunk: Buffer): Buffer {
    const copied = chunk.copy(picture, this.#filledBytes);
    this.#filledBytes += copied;
    if (this.#filledBytes === picture.length) {
      this.#picture = null;
      this.#filledBytes = 0;
      if (picture.length >= 2 && picture.readUInt16BE() === startOfImage) this.#onPicture(picture);
    }
    return chunk.subarray(copied);
  }
}
