import { messageOf } from '../../domain/errors.ts';
import type { Frame, Picture } from '../../domain/frame.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import { publishSizeBytes } from '../connection/publish-size.ts';

/** A picture as a JPEG file of at most so many bytes, smaller where it must be; null: it cannot be made to fit. */
export type EncodeImage = (picture: Picture, mostBytes: number) => Promise<Buffer | null>;

export interface CameraImagesParts {
  /** By camera; the pictures of others are not published. */
  readonly encoders: ReadonlyMap<string, EncodeImage>;
  readonly topicOf: (camera: string) => string;
  readonly log: Log;
}

/** A connection that ends so soon after a picture may have ended because of it. */
const suspiciousMs = 5000;
/** So often in a row, and smaller pictures are tried. */
const mostStrikes = 3;
/** A connection that ends after less than this ends for another reason. */
const smallBytes = 16_384;

/**
 * The newest described picture of each camera, retained, at most once: said when it is there, and to each new connection. It
 * is made as small as the broker wants it: by the limit that MQTT 5 tells, or, of a broker that tells none and hangs up, by trying.
 */
export class CameraImages {
  readonly #parts: CameraImagesParts;
  /** As they were described, or as the JPEG files that were made of them. */
  readonly #newest = new Map<string, Picture>();
  readonly #underWay = new Set<string>();
  readonly #told = new Set<string>();
  #link: BrokerLink | null = null;
  #lastSent: { readonly link: BrokerLink; readonly atMs: number; readonly sizeBytes: number } | null = null;
  #strikes = 0;
  /** What a broker that tells no limit seems to take. */
  #learntBytes = Number.POSITIVE_INFINITY;

  constructor(parts: CameraImagesParts) {
    this.#parts = parts;
  }

  /** Returns at once: encoding and sending are its own business. */
  described({ camera, picture }: Pick<Frame, 'camera' | 'picture'>): void {
    if (!this.#parts.encoders.has(camera)) return;
    this.#newest.set(camera, picture);
    this.#say(camera);
  }

  sayTo(link: BrokerLink): void {
    this.#link = link;
    link.ended.addEventListener('abort', () => this.#learn(link), { once: true });
    for (const camera of this.#newest.keys()) this.#say(camera);
  }

  /** Sends nothing more: what is being encoded now comes to nothing. */
  close(): void {
    this.#link = null;
  }

  #say(camera: string): void {
    if (!this.#link || this.#underWay.has(camera)) return;
    this.#underWay.add(camera);
    void this.#sendNewest(camera);
  }

  /** One at a time for each camera: of those that come meanwhile, the newest follows. */
  async #sendNewest(camera: string): Promise<void> {
    for (;;) {
      const link = this.#link;
      const picture = this.#newest.get(camera)!;
      if (!link || link.ended.aborted) break;
      const file = await this.#send(camera, picture, link).catch((error: unknown) => {
        if (!link.ended.aborted) this.#tell(camera, messageOf(error));
        return picture;
      });
      if (this.#newest.get(camera) !== picture) continue;
      // For the next connection the file will do: bare pixels take far more room.
      this.#newest.set(camera, file);
      if (this.#link === link) break;
    }
    this.#underWay.delete(camera);
  }

  /** @returns the file that was sent; the picture itself, where none was. */
  async #send(camera: string, picture: Picture, link: BrokerLink): Promise<Picture> {
    const topic = this.#parts.topicOf(camera);
    const packetBytes = Math.min(link.limits.maximumPacketBytes, this.#learntBytes);
    // The packet's own length field grows with it, by three bytes at most.
    const mostBytes = packetBytes - publishSizeBytes({ topic, payload: '' }) - 3;
    const bytes = await this.#parts.encoders.get(camera)!(picture, mostBytes);
    if (this.#link !== link) return picture;
    if (!bytes) {
      this.#tell(camera, `the broker takes at most ${packetBytes} bytes, and no picture is so small`);
      return picture;
    }
    this.#lastSent = { link, atMs: performance.now(), sizeBytes: bytes.length };
    await link.publish({ topic, payload: bytes, qos: 0, retain: true });
    return { bytes, size: picture.size };
  }

  /** A connection has ended: whether it was over a picture that was too large for a broker that tells no limit. */
  #learn(link: BrokerLink): void {
    const sent = this.#lastSent?.link === link ? this.#lastSent : null;
    const isSuspicious =
      sent !== null &&
      link.limits.maximumPacketBytes === Number.POSITIVE_INFINITY &&
      sent.sizeBytes > smallBytes &&
      performance.now() - sent.atMs < suspiciousMs;
    this.#strikes = isSuspicious ? this.#strikes + 1 : 0;
    if (!isSuspicious || this.#strikes < mostStrikes) return;
    this.#strikes = 0;
    this.#learntBytes = Math.max(smallBytes, Math.floor(sent.sizeBytes / 2));
    this.#parts.log.warn(
      { mostBytes: this.#learntBytes },
      `${mostStrikes} connections have ended soon after a picture was sent: smaller ones are sent from now on`,
    );
  }

  /** Once for each camera and reason. */
  #tell(camera: string, reason: string): void {
    const key = `${camera} ${reason}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#parts.log.warn({ camera, reason }, 'picture not published');
  }
}
