import { CameraError } from '../domain/errors.ts';
import { JpegStream } from './jpeg-stream.ts';
import { contentWords, isMultipart, pictureKindOf, wholeFile } from './picture-content.ts';

export interface PictureBodyOptions {
  /** The answer's Content-Type; cameras send wrong ones, so that it only helps where the bytes do not tell. */
  readonly contentType: string;
  readonly maxPictureBytes: number;
  /** Strings that must not appear in any message, such as a key that a page repeats. */
  readonly secrets: readonly string[];
  /** A whole JPEG, PNG or WebP file. */
  readonly onPicture: (file: Buffer) => void;
}

/** Enough to name a web page by its title. */
const maxHeadBytes = 4096;
/** What a body that is not multipart may have before its picture. */
const maxPreambleBytes = 64 * 2 ** 10;
/** The longest signature, that of WebP. */
const signatureBytes = 12;

/** Reads the pictures of one HTTP body: a JPEG, PNG or WebP file, or motion JPEG. Chunks may be split anywhere. */
export class PictureBody {
  readonly #options: PictureBodyOptions;
  readonly #jpegs: JpegStream;
  /** The first bytes; all of them until the kind is known. */
  #head: Buffer = Buffer.alloc(0);
  #kind: 'png' | 'webp' | 'jpeg' | null = null;
  /** A PNG or WebP file. */
  readonly #file: Buffer[] = [];
  #readBytes = 0;
  #pictures = 0;

  constructor(options: PictureBodyOptions) {
    this.#options = options;
    this.#jpegs = new JpegStream({ ...options, onPicture: (jpeg) => this.#onPicture(jpeg) });
  }

  /** Whether pictures follow each other without end, as far as it is known by now. */
  get isStream(): boolean {
    return isMultipart(this.#options.contentType, this.#head);
  }

  /** @throws CameraError if the body is no picture, or a larger one than the limit */
  push(chunk: Buffer): void {
    // The same limits for every chunking.
    const limitAt = maxPreambleBytes - this.#readBytes;
    this.#push(chunk.subarray(0, limitAt > 0 ? limitAt : chunk.length));
    if (limitAt > 0 && limitAt < chunk.length) this.#push(chunk.subarray(limitAt));
  }

  #push(chunk: Buffer): void {
    this.#readBytes += chunk.length;
    if (this.#head.length < maxHeadBytes)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, maxHeadBytes - this.#head.length)]);
    if (this.#kind !== null) this.#read(chunk);
    else if (this.#readBytes >= signatureBytes) {
      this.#kind = pictureKindOf(this.#head);
      this.#readHead(chunk);
    }
    if (this.#jpegs.tooLarge > 0 && this.#pictures === 0) throw this.#tooLarge();
    const hasBegun =
      this.#kind !== 'jpeg' || this.#pictures + this.#jpegs.pendingBytes + this.#jpegs.dropped > 0;
    if (!hasBegun && !this.isStream && this.#readBytes >= maxPreambleBytes) throw this.#fault();
  }

  /** The body's end. @throws CameraError if it has no picture, or ends within one */
  end(): void {
    if (this.#kind === null) {
      this.#kind = pictureKindOf(this.#head);
      this.#read(this.#head);
    }
    if (this.#kind !== 'jpeg') {
      const whole = wholeFile(this.#kind, Buffer.concat(this.#file));
      if (!whole) throw this.cut();
      this.#onPicture(whole);
    }
    if (this.#pictures === 0)
      throw this.#jpegs.pendingBytes + this.#jpegs.dropped > 0 ? this.cut() : this.#fault();
  }

  /** The error for a body that ends within its picture. */
  cut(): CameraError {
    return new CameraError(
      `cut: the picture ends too early, after ${this.#readBytes} bytes; check the network and the camera's load`,
    );
  }

  /** The first time: what was held back, and the chunk, whose begin the head may contain already. */
  #readHead(chunk: Buffer): void {
    const heldBackBytes = this.#readBytes - chunk.length;
    this.#read(Buffer.concat([this.#head.subarray(0, heldBackBytes), chunk]));
  }

  #read(bytes: Buffer): void {
    if (this.#kind === 'jpeg') this.#jpegs.push(bytes);
    else if (this.#readBytes > this.#options.maxPictureBytes) throw this.#tooLarge();
    else this.#file.push(bytes);
  }

  #onPicture(file: Buffer): void {
    if (this.#jpegs.tooLarge > 0 && this.#pictures === 0) return;
    this.#pictures++;
    this.#options.onPicture(file);
  }

  #tooLarge(): CameraError {
    return new CameraError(
      `too large: the picture has more than ${this.#options.maxPictureBytes / 2 ** 20} MiB; choose a smaller size on the camera`,
    );
  }

  #fault(): CameraError {
    return new CameraError(`no picture: ${contentWords(this.#head, this.#options)}`);
  }
}
