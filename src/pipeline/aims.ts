import { isDeepStrictEqual } from 'node:util';
import type { CameraAim, ChangedAim, Zone } from '../domain/camera-aim.ts';
import { CommandError, messageOf } from '../domain/errors.ts';
import type { AimStore, Log } from './ports.ts';

export interface AimsParts {
  /** What the config says, by camera. */
  readonly configured: Readonly<Record<string, CameraAim>>;
  readonly store: AimStore;
  readonly log: Log;
}

/**
 * Where each camera looks for changes and what is painted black: as configured, overridden by changes, which survive restarts.
 * Sensitivity and ignored zones are overridden until the config's value differs from the one that was overridden. Private zones
 * are only ever added to those of the config, and stay until they are taken back: neither a change of the config nor of this can
 * uncover what was covered by the other.
 */
export class Aims {
  readonly #parts: AimsParts;
  readonly #changed = new Map<string, ChangedAim>();
  /** The same object until it changes, so that its users can tell. */
  readonly #current = new Map<string, CameraAim>();
  #saving: Promise<void> = Promise.resolve();
  #onChange: ((camera: string, aim: CameraAim, before: CameraAim) => void) | null = null;

  constructor(parts: AimsParts) {
    this.#parts = parts;
  }

  /** Reads the changes. Rejects if there are some that cannot be read: private zones may be among them. */
  async load(): Promise<void> {
    const { store, log } = this.#parts;
    for (const [camera, changed] of await store.load()) {
      this.#changed.set(camera, changed);
      if (Object.hasOwn(this.#parts.configured, camera))
        log.info({ camera, privacy: changed.privacy?.length ?? 0 }, 'zones of the window apply');
    }
  }

  /** Calls `listener` with a camera's aim and the one before as soon as it changes. One listener. */
  onChange(listener: (camera: string, aim: CameraAim, before: CameraAim) => void): void {
    this.#onChange = listener;
  }

  of(camera: string): CameraAim {
    const known = this.#current.get(camera);
    if (known) return known;
    const config = this.#configOf(camera);
    const { sensitivity, ignore, privacy = [] } = this.#changed.get(camera) ?? {};
    const aim = {
      sensitivity:
        sensitivity && sensitivity.config === config.sensitivity ? sensitivity.value : config.sensitivity,
      ignore: ignore && isDeepStrictEqual(ignore.config, config.ignore) ? ignore.value : config.ignore,
      privacy: [...config.privacy, ...without(privacy, config.privacy)],
    };
    this.#current.set(camera, aim);
    return aim;
  }

  /**
   * Changes a camera's aim at once; resolves with it once the change is durable.
   * @throws CommandError if there is no such camera, or if it is applied but cannot be saved
   */
  async set(camera: string, aim: CameraAim): Promise<CameraAim> {
    const before = this.of(camera);
    const config = this.#configOf(camera);
    const added = without(aim.privacy, config.privacy);
    const isSensitive = config.sensitivity !== null && aim.sensitivity !== config.sensitivity;
    this.#changed.set(camera, {
      ...(isSensitive && { sensitivity: { value: aim.sensitivity, config: config.sensitivity } }),
      ...(!isDeepStrictEqual(aim.ignore, config.ignore) && {
        ignore: { value: aim.ignore, config: config.ignore },
      }),
      ...(added.length > 0 && { privacy: added }),
    });
    this.#current.delete(camera);
    const now = this.of(camera);
    this.#onChange?.(camera, now, before);
    try {
      await this.#save();
    } catch (cause) {
      throw new CommandError('failed', `applied, but it will not survive a restart: ${messageOf(cause)}`, {
        cause,
      });
    }
    return now;
  }

  /** Writes the changes again, if there are any; false: there are none. */
  async saveAgain(): Promise<boolean> {
    if (this.#changed.size === 0) return false;
    await this.#save();
    return true;
  }

  /** Resolves when all changes have been written. */
  async close(): Promise<void> {
    await this.#saving.catch(() => {});
  }

  #configOf(camera: string): CameraAim {
    const { configured } = this.#parts;
    // Names come from outside, and every object has a `constructor`.
    const config = Object.hasOwn(configured, camera) ? configured[camera] : undefined;
    if (config) return config;
    const names = Object.keys(configured).join(', ');
    throw new CommandError('unknown', `no camera is named "${camera}"; there are: ${names}`);
  }

  /** One after the other, each with all changes until then. */
  #save(): Promise<void> {
    this.#saving = this.#saving.catch(() => {}).then(() => this.#parts.store.save(this.#changed));
    return this.#saving;
  }
}

function without(zones: readonly Zone[], others: readonly Zone[]): readonly Zone[] {
  return zones.filter((zone) => !others.some((other) => isDeepStrictEqual(zone, other)));
}
