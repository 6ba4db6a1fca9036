import type { CameraSettings, ChangedSettings } from '../domain/camera-settings.ts';
import { CommandError, messageOf } from '../domain/errors.ts';
import type { Log, SettingsStore } from './ports.ts';

export interface SettingsParts {
  /** The settings in the config, by camera. */
  readonly configured: Readonly<Record<string, CameraSettings>>;
  /** The names of the prompts. */
  readonly prompts: readonly string[];
  /** What may be changed. */
  readonly changeable: readonly (keyof CameraSettings)[];
  readonly store: SettingsStore;
  readonly log: Log;
}

/**
 * The settings of each camera: those in the config, overridden by changes, which survive restarts. An override applies until
 * it is changed back, or the config's value differs from the one that was overridden.
 */
export class Settings {
  readonly #parts: SettingsParts;
  readonly #changed = new Map<string, ChangedSettings>();
  #saving: Promise<void> = Promise.resolve();
  /** Starts when the save in progress has ended. */
  #nextSave: Promise<void> | null = null;
  #onChange: ((camera: string, settings: CameraSettings) => void) | null = null;

  constructor(parts: SettingsParts) {
    this.#parts = parts;
  }

  /** Reads the overrides, and discards those that no longer apply. */
  async load(): Promise<void> {
    const { configured, store, log } = this.#parts;
    let discarded = 0;
    for (const [camera, changed] of await store.load()) {
      const entries = Object.entries(changed).filter(([field, change]) =>
        this.#holds(camera, field as keyof CameraSettings, change),
      );
      discarded += Object.keys(changed).length - entries.length;
      if (entries.length === 0) continue;
      this.#changed.set(camera, Object.fromEntries(entries));
      log.info({ camera, now: this.of(camera), config: configured[camera] }, 'settings override the config');
    }
    if (discarded === 0) return;
    log.info({ discarded }, 'discarded overrides: their config value has changed');
    await this.#save().catch((error) => log.warn({ reason: messageOf(error) }, 'settings not saved'));
  }

  /** Calls `listener` with a camera's settings as soon as they change. One listener. */
  onChange(listener: (camera: string, settings: CameraSettings) => void): void {
    this.#onChange = listener;
  }

  of(camera: string): CameraSettings {
    const settings = this.#configOf(camera);
    if (!settings) {
      const names = Object.keys(this.#parts.configured).join(', ');
      throw new CommandError('unknown', `no camera is named "${camera}"; there are: ${names}`);
    }
    const changed = Object.entries(this.#changed.get(camera) ?? {});
    return { ...settings, ...Object.fromEntries(changed.map(([field, change]) => [field, change?.value])) };
  }

  /**
   * Changes some of a camera's settings; resolves with all of them once the change is durable.
   * @throws CommandError if there is no such camera or prompt; `failed` if the change is applied but cannot be saved
   */
  async set(camera: string, change: Partial<CameraSettings>): Promise<CameraSettings> {
    const { prompts } = this.#parts;
    const before = this.of(camera);
    if (change.prompt !== undefined && !prompts.includes(change.prompt))
      throw new CommandError(
        'unknown',
        `no prompt is named "${change.prompt}"; there are: ${prompts.join(', ')}`,
      );
    const fields = Object.keys(change) as (keyof CameraSettings)[];
    if (fields.every((field) => change[field] === before[field])) return before;
    this.#record(camera, { ...before, ...change });
    const settings = this.of(camera);
    this.#onChange?.(camera, settings);
    try {
      await this.#save();
    } catch (cause) {
      throw new CommandError('failed', `applied, but it will not survive a restart: ${messageOf(cause)}`, {
        cause,
      });
    }
    return settings;
  }

  /** Writes the overrides again, if there are any; false: there are none. */
  async saveAgain(): Promise<boolean> {
    if (this.#changed.size === 0) return false;
    await this.#save();
    return true;
  }

  /** Resolves when all changes have been written. */
  async close(): Promise<void> {
    await (this.#nextSave ?? this.#saving).catch(() => {});
  }

  #holds<Field extends keyof CameraSettings>(
    camera: string,
    field: Field,
    change: ChangedSettings[Field],
  ): boolean {
    const { prompts, changeable } = this.#parts;
    const config = this.#configOf(camera)?.[field];
    if (!change || change.config !== config || !changeable.includes(field)) return false;
    return field !== 'prompt' || prompts.includes(String(change.value));
  }

  #configOf(camera: string): CameraSettings | undefined {
    const { configured } = this.#parts;
    // Names come from outside, and every object has a `constructor`.
    return Object.hasOwn(configured, camera) ? configured[camera] : undefined;
  }

  /** Records what differs from the config. */
  #record(camera: string, settings: CameraSettings): void {
    const config = this.#configOf(camera)!;
    const fields = Object.keys(config) as (keyof CameraSettings)[];
    const entries = fields
      .filter((field) => settings[field] !== config[field])
      .map((field) => [field, { value: settings[field], config: config[field] }]);
    if (entries.length === 0) this.#changed.delete(camera);
    else this.#changed.set(camera, Object.fromEntries(entries));
  }

  /** Calls during a save wait for the next one, which has all changes. */
  #save(): Promise<void> {
    this.#nextSave ??= this.#saving
      .catch(() => {})
      .then(() => {
        this.#nextSave = null;
        this.#saving = this.#parts.store.save(this.#changed);
        return this.#saving;
      });
    return this.#nextSave;
  }
}
