import type { EntityState, JinjaProcess } from './jinja.ts';
import type { Received } from './subscriber.ts';

interface Availability {
  readonly topic: string;
  readonly value_template?: string;
}

interface Announced {
  readonly platform: string;
  readonly name: string | null;
  readonly default_entity_id?: string;
  readonly device_class?: string;
  readonly state_topic?: string;
  readonly value_template?: string;
  readonly image_topic?: string;
  readonly json_attributes_topic?: string;
  readonly json_attributes_template?: string;
  readonly availability?: readonly Availability[];
}

/**
 * The entities that Home Assistant makes of what a board published: its discovery messages and the newest payload of each
 * topic. Buttons and events have the state `unknown`.
 */
export async function entityStates(
  received: readonly Received[],
  jinja: JinjaProcess,
): Promise<EntityState[]> {
  const reader = new Reader(received, jinja);
  const states: EntityState[] = [];
  for (const payload of reader.announcements) {
    const { device, components, availability } = JSON.parse(payload);
    for (const component of Object.values<Announced>(components))
      if (component.default_entity_id !== undefined)
        states.push(await reader.entity(component, device, component.availability ?? availability));
  }
  return states;
}

class Reader {
  readonly #newest: ReadonlyMap<string, string>;
  readonly #jinja: JinjaProcess;
  readonly #at = new Date().toISOString();

  constructor(received: readonly Received[], jinja: JinjaProcess) {
    this.#newest = new Map(received.map(({ topic, payload }) => [topic, payload]));
    this.#jinja = jinja;
  }

  get announcements(): string[] {
    return [...this.#newest]
      .filter(([topic, payload]) => /^homeassistant\/device\/.*"components"/.test(`${topic}${payload}`))
      .map(([, payload]) => payload);
  }

  async entity(
    component: Announced,
    device: { readonly identifiers: readonly string[]; readonly name: string },
    availability: readonly Availability[],
  ): Promise<EntityState> {
    const { name, default_entity_id, device_class } = component;
    let isAvailable = true;
    for (const { topic, value_template } of availability)
      isAvailable &&= (await this.#read(topic, value_template)) === 'online';
    return {
      entity_id: default_entity_id!,
      device_id: device.identifiers[0]!,
      state: isAvailable ? await this.#state(component) : 'unavailable',
      attributes: {
        friendly_name: [device.name, name].filter(Boolean).join(' '),
        ...(device_class && { device_class }),
        ...(isAvailable && (await this.#attributes(component))),
      },
      last_changed: this.#at,
      last_updated: this.#at,
    };
  }

  async #state({ platform, image_topic, state_topic, value_template }: Announced): Promise<string> {
    if (platform === 'image') return this.#newest.has(image_topic!) ? this.#at : 'unknown';
    if (platform === 'event' || state_topic === undefined) return 'unknown';
    const value = await this.#read(state_topic, value_template);
    if (value === null || value === 'None') return 'unknown';
    return platform === 'binary_sensor' ? value.toLowerCase() : value;
  }

  async #attributes({ json_attributes_topic, json_attributes_template }: Announced): Promise<object> {
    if (json_attributes_topic === undefined) return {};
    return JSON.parse((await this.#read(json_attributes_topic, json_attributes_template)) ?? '{}');
  }

  /** null: nothing has been published. */
  async #read(topic: string, template?: string): Promise<string | null> {
    const value = this.#newest.get(topic);
    if (value === undefined) return null;
    return template === undefined ? value : await this.#jinja.render({ template, value });
  }
}
