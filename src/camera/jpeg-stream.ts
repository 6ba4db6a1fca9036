const marker = { start: 0xd8, end: 0xd9, startOfScan: 0xda } as const;
const startOfPicture = Buffer.from([0xff, 0xd8, 0xff]);
const firstBufferBytes = 64 * 2 ** 10;

type State =
  | 'search' // between two pictures
  | 'marker' // before the 0xff of a marker
  | 'code' // after the 0xff of a marker
  | 'length high'
  | 'length low'
  | 'segment'
  | 'scan' // entropy-coded data
  | 'scan code'; // after a 0xff in entropy-coded data

export interface JpegStreamOptions {
  readonly maxPictureBytes: number;
  /** A whole JPEG file, from its start marker to its end marker. */
  readonly onPicture: (jpeg: Buffer) => void;
}

/**
 * Finds the JPEG files in a stream of bytes by their markers (ITU-T T.81, annex B), whatever is around them: HTTP multipart
 * headers, padding, nothing. Cameras write multipart headers in too many wrong ways to rely on them. A picture that
 * another one interrupts, that is damaged between its segments or that is too large is dropped. Chunks may be split
 * anywhere. Buffers one picture at most.
 */
export class JpegStream {
  readonly #options: JpegStreamOptions;
  #state: State = 'search';
  /** How many bytes of a start of a picture the stream ends with. */
  #matched = 0;
  #buffer: Buffer = Buffer.alloc(0);
  #filledBytes = 0;
  #code = 0;
  #segmentBytes = 0;
  #hasScan = false;
  #dropped = 0;
  #tooLarge = 0;

  constructor(options: JpegStreamOptions) {
    this.#options = options;
  }

  /** Pictures that were begun and dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many of them were larger than the limit. */
  get tooLarge(): number {
    return this.#tooLarge;
  }

  /** The bytes so far of a picture that has not ended; 0: none has begun. */
  get pendingBytes(): number {
    return this.#state === 'search' ? 0 : this.#filledBytes;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#state === 'search' ? this.#search(chunk, at) : this.#read(chunk, at);
  }

  /** Looks for the start of a picture from `at`; returns the place after it. */
  #search(chunk: Buffer, at: number): number {
    if (this.#matched === 0) {
      const found = chunk.indexOf(0xff, at);
      if (found < 0) return chunk.length;
      this.#matched = 1;
      return found + 1;
    }
    if (chunk[at] !== startOfPicture[this.#matched]) this.#matched = chunk[at] === 0xff ? 1 : 0;
    else if (++this.#matched === startOfPicture.length) this.#begin();
    return at + 1;
  }

  /** After the three bytes of `startOfPicture`. */
  #begin(): void {
    this.#matched = 0;
    this.#filledBytes = 0;
    this.#hasScan = false;
    this.#keep(startOfPicture);
    this.#state = 'code';
  }

  /** Reads a part of the picture from `at`; returns the place after it. */
  #read(chunk: Buffer, at: number): number {
    let end = at + 1;
    if (this.#state === 'scan') {
      const found = chunk.indexOf(0xff, at);
      end = found < 0 ? chunk.length : found + 1;
      if (found >= 0) this.#state = 'scan code';
    } else if (this.#state === 'segment') {
      end = Math.min(chunk.length, at + this.#segmentBytes);
      this.#segmentBytes -= end - at;
      if (this.#segmentBytes === 0) this.#endSegment();
    } else if (!this.#readByte(chunk[at]!)) return end;
    if (this.#filledBytes + end - at > this.#options.maxPictureBytes) {
      this.#tooLarge++;
      this.#drop(chunk[end - 1]!);
      return end;
    }
    this.#keep(chunk.subarray(at, end));
    if (this.#code === marker.end) this.#finish();
    return end;
  }

  /** @returns whether the byte belongs to the picture */
  #readByte(byte: number): boolean {
    switch (this.#state) {
      case 'marker':
        if (byte === 0xff) this.#state = 'code';
        else return this.#drop(byte);
        return true;
      case 'code':
        return this.#readCode(byte);
      case 'scan code':
        // Stuffed zeros, restart markers and codes that mean nothing here are part of the data.
        if (byte === 0 || (byte >= 0xd0 && byte <= 0xd7) || (byte < 0xc0 && byte !== 0xff)) {
          this.#state = 'scan';
          return true;
        }
        return this.#readCode(byte);
      case 'length high':
        this.#segmentBytes = byte * 256;
        this.#state = 'length low';
        return true;
      default:
        this.#segmentBytes += byte - 2; // the length counts itself
        if (this.#segmentBytes < 0) return this.#drop(byte);
        this.#state = 'segment';
        if (this.#segmentBytes === 0) this.#endSegment();
        return true;
    }
  }

  #readCode(byte: number): boolean {
    if (byte === 0xff) return true; // fill bytes
    if (byte === marker.start) {
      // Another picture begins; the third byte of its start is still to come.
      this.#drop(0);
      this.#matched = 2;
      return false;
    }
    if (byte === marker.end && this.#hasScan) {
      this.#code = byte;
      return true;
    }
    const standsAlone = byte === 0x01 || (byte >= 0xd0 && byte <= 0xd7);
    if (byte === 0 || byte === marker.end) return this.#drop(byte);
    this.#code = byte;
    this.#state = standsAlone ? 'marker' : 'length high';
    return true;
  }

  #endSegment(): void {
    const isScan = this.#code === marker.startOfScan;
    this.#hasScan ||= isScan;
    this.#state = isScan ? 'scan' : 'marker';
  }

  #finish(): void {
    const jpeg = this.#buffer.subarray(0, this.#filledBytes);
    // The next picture will be about as large.
    this.#buffer = Buffer.allocUnsafeSlow(
      Math.min(this.#options.maxPictureBytes, this.#filledBytes + 16_384),
    );
    this.#code = 0;
    this.#filledBytes = 0;
    this.#state = 'search';
    this.#options.onPicture(jpeg);
  }

  /** Gives up the picture at a byte, which may be the first of the next one. */
  #drop(byte: number): false {
    this.#dropped++;
    this.#code = 0;
    this.#filledBytes = 0;
    this.#state = 'search';
    this.#matched = byte === 0xff ? 1 : 0;
    return false;
  }

  #keep(bytes: Buffer): void {
    const neededBytes = this.#filledBytes + bytes.length;
    if (neededBytes > this.#buffer.length) {
      const grown = Math.max(neededBytes, 2 * this.#buffer.length, firstBufferBytes);
      const buffer = Buffer.allocUnsafeSlow(
        Math.max(neededBytes, Math.min(grown, this.#options.maxPictureBytes)),
      );
      this.#buffer.copy(buffer, 0, 0, this.#filledBytes);
      this.#buffer = buffer;
    }
    this.#filledBytes += bytes.copy(this.#buffer, this.#filledBytes);
  }
}
