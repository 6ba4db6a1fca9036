import { messageOf } from '../../domain/errors.ts';
import type { Frame, Picture } from '../../domain/frame.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import { publishSizeBytes } from '../connection/publish-size.ts';

/** Encodes a picture as a JPEG file of at most `maxBytes`, scaled down if needed; null: it cannot be made to fit. */
export type EncodeImage = (picture: Picture, maxBytes: number) => Promise<Buffer | null>;

export interface CameraImagesParts {
  /** By camera; pictures of other cameras are not published. */
  readonly encoders: ReadonlyMap<string, EncodeImage>;
  readonly topicOf: (camera: string) => string;
  readonly log: Log;
}

/** A connection that ends within this time after a picture may have ended because of it. */
const suspiciousMs = 5000;
/** After this many in a row, smaller pictures are sent. */
const maxStrikes = 3;
/** Smaller pictures are not blamed for the end of a connection. */
const smallBytes = 16_384;

/**
 * Publishes the newest described picture of each camera, retained, at most once, and again on each new connection. The size
 * is limited by what the broker announces (MQTT 5). If it announces nothing and disconnects over pictures, smaller ones are tried.
 */
export class CameraImages {
  readonly #parts: CameraImagesParts;
  /** As described, or as the encoded JPEG file. */
  readonly #newest = new Map<string, Picture>();
  readonly #inProgress = new Set<string>();
  readonly #logged = new Set<string>();
  #link: BrokerLink | null = null;
  #lastSent: { readonly link: BrokerLink; readonly atMs: number; readonly sizeBytes: number } | null = null;
  #strikes = 0;
  /** The limit that a broker seems to have without announcing it. */
  #learntBytes = Number.POSITIVE_INFINITY;

  constructor(parts: CameraImagesParts) {
    this.#parts = parts;
  }

  /** Encodes and publishes in the background; returns at once. */
  described({ camera, picture }: Pick<Frame, 'camera' | 'picture'>): void {
    if (!this.#parts.encoders.has(camera)) return;
    this.#newest.set(camera, picture);
    this.#publish(camera);
  }

  /** Publishes all pictures over a new connection. */
  publishAll(link: BrokerLink): void {
    this.#link = link;
    link.ended.addEventListener('abort', () => this.#learn(link), { once: true });
    for (const camera of this.#newest.keys()) this.#publish(camera);
  }

  /** Sends nothing more; an encoding in progress is discarded. */
  close(): void {
    this.#link = null;
  }

  #publish(camera: string): void {
    if (!this.#link || this.#inProgress.has(camera)) return;
    this.#inProgress.add(camera);
    void this.#sendNewest(camera);
  }

  /** One at a time per camera; then the newest of those described meanwhile. */
  async #sendNewest(camera: string): Promise<void> {
    for (;;) {
      const link = this.#link;
      const picture = this.#newest.get(camera)!;
      if (!link || link.ended.aborted) break;
      const file = await this.#send(camera, picture, link).catch((error: unknown) => {
        if (!link.ended.aborted) this.#log(camera, messageOf(error));
        return picture;
      });
      if (this.#newest.get(camera) !== picture) continue;
      // The file is kept for the next connection: it is far smaller than raw pixels.
      this.#newest.set(camera, file);
      if (this.#link === link) break;
    }
    this.#inProgress.delete(camera);
  }

  /** @returns the file that was sent, or the picture itself if none was. */
  async #send(camera: string, picture: Picture, link: BrokerLink): Promise<Picture> {
    const topic = this.#parts.topicOf(camera);
    const packetBytes = Math.min(link.limits.maximumPacketBytes, this.#learntBytes);
    // The packet's length field grows with it, by up to three bytes.
    const maxBytes = packetBytes - publishSizeBytes({ topic, payload: '' }) - 3;
    const bytes = await this.#parts.encoders.get(camera)!(picture, maxBytes);
    if (this.#link !== link) return picture;
    if (!bytes) {
      this.#log(
        camera,
        `the broker accepts at most ${packetBytes} bytes, and the picture cannot be made so small`,
      );
      return picture;
    }
    this.#lastSent = { link, atMs: performance.now(), sizeBytes: bytes.length };
    await link.publish({ topic, payload: bytes, qos: 0, retain: true });
    return { bytes, size: picture.size };
  }

  /** Checks whether a connection ended over a picture, too large for a broker that announces no limit. */
  #learn(link: BrokerLink): void {
    const sent = this.#lastSent?.link === link ? this.#lastSent : null;
    const isSuspicious =
      sent !== null &&
      link.limits.maximumPacketBytes === Number.POSITIVE_INFINITY &&
      sent.sizeBytes > smallBytes &&
      performance.now() - sent.atMs < suspiciousMs;
    this.#strikes = isSuspicious ? this.#strikes + 1 : 0;
    if (!isSuspicious || this.#strikes < maxStrikes) return;
    this.#strikes = 0;
    this.#learntBytes = Math.max(smallBytes, Math.floor(sent.sizeBytes / 2));
    this.#parts.log.warn(
      { connections: maxStrikes, maxBytes: this.#learntBytes },
      'connections keep ending after a picture was sent; sending smaller ones',
    );
  }

  /** Logs once for each camera and reason. */
  #log(camera: string, reason: string): void {
    const key = `${camera} ${reason}`;
    if (this.#logged.has(key)) return;
    this.#logged.add(key);
    this.#parts.log.warn({ camera, reason }, 'picture not published');
  }
}
