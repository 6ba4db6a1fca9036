import { discoverySchema } from './home-assistant-schema.ts';

interface Component {
  readonly platform: string;
  readonly unique_id?: string | undefined;
  readonly default_entity_id?: string | undefined;
}

/** An entry of the entity registry. */
export interface RegistryEntry {
  entityId: string;
  /** Identifier of its device. */
  device: string;
}

/**
 * What Home Assistant makes of device discovery: the rules of home-assistant/core, homeassistant/components/mqtt
 * (discovery.py, entity.py), for messages far enough apart for its background work.
 */
export class HomeAssistant {
  /** By platform and unique id. Kept when an entity is unloaded. */
  readonly registry = new Map<string, RegistryEntry>();
  /** By discovery topic, key and platform: what the entity is in the registry. */
  readonly #loaded = new Map<string, string>();
  /** Device identifier -> what it is. */
  readonly devices = new Map<string, { readonly name: string; readonly via_device?: string }>();
  readonly errors: string[] = [];

  receive({ topic, payload }: { readonly topic: string; readonly payload: string }): void {
    if (payload === '') this.#removeAll(topic);
    else if (payload === '{"migrate_discovery":true}') this.#unload(topic);
    else this.#announced(topic, JSON.parse(payload));
  }

  #announced(topic: string, message: unknown): void {
    const { device, components } = discoverySchema.parse(message);
    for (const [key, component] of Object.entries(components))
      this.#discover(`${topic} ${key} ${component.platform}`, component, device.identifiers[0]!);
    const { name = '', via_device } = device;
    this.devices.set(device.identifiers[0]!, { name, ...(via_device !== undefined && { via_device }) });
  }

  /** Entries without an entity: shown as "no longer provided" until a person deletes them. */
  get leftover(): string[] {
    const loaded = new Set(this.#loaded.values());
    return [...this.registry.keys()].filter((id) => !loaded.has(id));
  }

  get entityIds(): Record<string, string> {
    return Object.fromEntries([...this.registry].map(([id, { entityId }]) => [id, entityId]));
  }

  #discover(hash: string, { platform, unique_id, default_entity_id }: Component, device: string): void {
    const loaded = this.#loaded.get(hash);
    if (unique_id === undefined) {
      this.#loaded.delete(hash);
      if (loaded !== undefined) this.registry.delete(loaded);
      return;
    }
    const id = `${platform} ${unique_id}`;
    if (loaded === id) return;
    if ([...this.#loaded.values()].includes(id)) {
      this.errors.push(`Platform mqtt does not generate unique IDs. ID ${unique_id} already exists`);
      return;
    }
    this.#loaded.set(hash, id);
    const entry = this.registry.get(id);
    if (entry) entry.device = device;
    else this.registry.set(id, { entityId: this.#freeId(default_entity_id!), device });
  }

  #freeId(wanted: string): string {
    const taken = new Set([...this.registry.values()].map(({ entityId }) => entityId));
    for (let count = 1; ; count++) {
      const id = count === 1 ? wanted : `${wanted}_${count}`;
      if (!taken.has(id)) return id;
    }
  }

  #removeAll(topic: string): void {
    for (const [hash, id] of this.#of(topic)) {
      this.#loaded.delete(hash);
      this.registry.delete(id);
    }
  }

  #unload(topic: string): void {
    for (const [hash] of this.#of(topic)) this.#loaded.delete(hash);
  }

  #of(topic: string): [string, string][] {
    return [...this.#loaded].filter(([hash]) => hash.startsWith(`${topic} `));
  }
}
