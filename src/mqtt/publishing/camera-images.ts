import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageInfoPayload } from '../../contract/image.ts';
import type { Topics } from '../../contract/topics.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Frame, Picture, Size } from '../../domain/frame.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import { publishSizeBytes } from '../connection/publish-size.ts';

/** Encodes a picture as a JPEG file of at most `maxBytes`, scaled down if needed; null: it cannot be made to fit. */
export type EncodeImage = (
  picture: Picture,
  maxBytes: number,
) => Promise<{ readonly bytes: Buffer; readonly size: Size } | null>;

export interface CameraImagesParts {
  /** By camera; pictures of other cameras are not published. */
  readonly encoders: ReadonlyMap<string, EncodeImage>;
  readonly topics: Pick<Topics, 'image' | 'imageInfo'>;
  readonly log: Log;
}

/** A picture with the frame that it belongs to. */
type Shown = Pick<Frame, 'id' | 'capturedAt' | 'picture'>;

/** What says what a picture shows waits no longer than this for it. */
const maxWaitMs = 2000;

/** A connection that ends within this time after a picture may have ended because of it. */
const suspiciousMs = 5000;
/** After this many in a row, smaller pictures are sent. */
const maxStrikes = 3;
/** Smaller pictures are not blamed for the end of a connection. */
const smallBytes = 16_384;

/**
 * Publishes the newest described picture of each camera, retained, at most once, and again on each new connection. Each has
 * the id of its frame, and is followed by an `image_info`. The size is limited by what the broker announces (MQTT 5). If it
 * announces nothing and disconnects over pictures, smaller ones are tried.
 */
export class CameraImages {
  readonly #parts: CameraImagesParts;
  /** As described, or as the encoded JPEG file. */
  readonly #newest = new Map<string, Shown>();
  readonly #inProgress = new Map<string, Promise<void>>();
  readonly #logged = new Set<string>();
  #link: BrokerLink | null = null;
  #lastSent: { readonly link: BrokerLink; readonly atMs: number; readonly sizeBytes: number } | null = null;
  #strikes = 0;
  /** The limit that a broker seems to have without announcing it. */
  #learntBytes = Number.POSITIVE_INFINITY;

  constructor(parts: CameraImagesParts) {
    this.#parts = parts;
  }

  /** Encodes and publishes a picture. Resolves when it is sent or cannot be, or after two seconds. */
  async described({ id, camera, capturedAt, picture }: Frame): Promise<void> {
    if (!this.#parts.encoders.has(camera)) return;
    this.#newest.set(camera, { id, capturedAt, picture });
    await this.#publish([camera]);
  }

  /** Publishes all pictures over a new connection. Resolves like `described`. */
  async publishAll(link: BrokerLink): Promise<void> {
    this.#link = link;
    link.ended.addEventListener('abort', () => this.#learn(link), { once: true });
    await this.#publish([...this.#newest.keys()]);
  }

  /**
   * Drops a camera's picture. Resolves when it is not being sent any more, with whether the broker may still have it: not if a
   * newer one has come meanwhile.
   */
  async forget(camera: string): Promise<boolean> {
    this.#newest.delete(camera);
    await this.#inProgress.get(camera);
    return this.#parts.encoders.has(camera) && !this.#newest.has(camera);
  }

  /** Sends nothing more; an encoding in progress is discarded. */
  close(): void {
    this.#link = null;
  }

  async #publish(cameras: readonly string[]): Promise<void> {
    if (!this.#link || this.#link.ended.aborted || cameras.length === 0) return;
    for (const camera of cameras)
      if (!this.#inProgress.has(camera)) this.#inProgress.set(camera, this.#sendNewest(camera));
    const sent = Promise.all(cameras.map((camera) => this.#inProgress.get(camera)));
    const over = new AbortController();
    await Promise.race([sent, sleep(maxWaitMs, undefined, { signal: over.signal }).catch(() => {})]);
    over.abort();
  }

  /** One at a time per camera; then the newest of those described meanwhile. */
  async #sendNewest(camera: string): Promise<void> {
    for (;;) {
      const link = this.#link;
      const shown = this.#newest.get(camera);
      if (!link || link.ended.aborted || !shown) break;
      const picture = await this.#send(camera, shown, link).catch((error: unknown) => {
        if (!link.ended.aborted) this.#log(camera, messageOf(error));
        return shown.picture;
      });
      if (this.#newest.get(camera) !== shown) continue;
      // The file is kept for the next connection: it is far smaller than raw pixels.
      this.#newest.set(camera, { ...shown, picture });
      if (this.#link === link) break;
    }
    this.#inProgress.delete(camera);
  }

  /** @returns the file that was sent, or the picture itself if none was. */
  async #send(camera: string, { id, capturedAt, picture }: Shown, link: BrokerLink): Promise<Picture> {
    const topic = this.#parts.topics.image(camera);
    const properties = { userProperties: { id } };
    const packetBytes = Math.min(link.limits.maximumPacketBytes, this.#learntBytes);
    // The packet's length field grows with it, by up to three bytes.
    const maxBytes = packetBytes - publishSizeBytes({ topic, payload: '', properties }) - 3;
    const file = await this.#parts.encoders.get(camera)!(picture, maxBytes);
    if (this.#link !== link) return picture;
    if (!file) {
      this.#log(
        camera,
        `the broker accepts at most ${packetBytes} bytes, and the picture cannot be made so small`,
      );
      return picture;
    }
    const { bytes: payload, size } = file;
    this.#lastSent = { link, atMs: performance.now(), sizeBytes: payload.length };
    const info: ImageInfoPayload = {
      id,
      captured_at: capturedAt.toISOString(),
      ...size,
      sha256: createHash('sha256').update(payload).digest('hex'),
    };
    await Promise.all([
      link.publish({ topic, payload, qos: 0, retain: true, properties }),
      link.publish({
        topic: this.#parts.topics.imageInfo(camera),
        payload: JSON.stringify(info),
        qos: 0,
        retain: true,
      }),
    ]);
    return file;
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
