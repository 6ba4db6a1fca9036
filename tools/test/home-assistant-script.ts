import { setTimeout as sleep } from 'node:timers/promises';
import { isTemplate } from './home-assistant-yaml.ts';
import type { EntityState, JinjaProcess } from './jinja.ts';

type Variables = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: steps were checked by the schema
type Step = any;

/** What a script meets outside of it. */
export interface ScriptWorld {
  /** The entities when a template is rendered, after these calls. */
  readonly states: (calls: readonly ScriptCall[]) => readonly EntityState[];
  /** Publishes for `mqtt.publish`. */
  readonly publish?: (topic: string, payload: string) => Promise<unknown>;
  /** The payload of the next message on `topic` that `isWanted`. */
  readonly nextMessage?: (topic: string, isWanted: (payload: string) => Promise<boolean>) => Promise<string>;
  readonly jinja: JinjaProcess;
}

/** An action that was called, with its data rendered. */
export interface ScriptCall {
  readonly action: string;
  readonly data: Variables;
}

class Stopped extends Error {
  readonly response: unknown;

  constructor(response: unknown) {
    super('stopped');
    this.response = response;
  }
}

/**
 * Runs the steps that docs/home-assistant uses as Home Assistant's script engine does (homeassistant/helpers/script.py):
 * templates in variables and data become values, each sequence of `parallel` has variables of its own, and `stop` in one
 * ends the script after all of them. A wait for a template does not wait: the template holds, or its timeout has passed.
 */
export async function runScript(
  steps: readonly Step[],
  variables: Variables,
  world: ScriptWorld,
): Promise<{ calls: readonly ScriptCall[]; response: unknown }> {
  const calls: ScriptCall[] = [];
  const run = new Run(world, calls);
  try {
    await run.sequence(steps, variables);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return { calls, response: error.response };
  }
  return { calls, response: undefined };
}

class Run {
  readonly #world: ScriptWorld;
  readonly #calls: ScriptCall[];

  constructor(world: ScriptWorld, calls: ScriptCall[]) {
    this.#world = world;
    this.#calls = calls;
  }

  /** Sets the variables that the steps set. */
  async sequence(steps: readonly Step[], variables: Variables): Promise<void> {
    for (const step of steps) await this.#step(step, variables);
  }

  async #step(step: Step, variables: Variables): Promise<void> {
    if (step.variables) {
      for (const [name, value] of Object.entries(step.variables))
        variables[name] = await this.#value(value, variables);
    } else if (step.wait_template) {
      variables['wait'] = { completed: await this.#holds(step.wait_template, variables) };
    } else if (step.wait_for_trigger) {
      variables['wait'] = { trigger: await this.#trigger(step.wait_for_trigger[0], variables) };
    } else if (step.if) {
      const [{ value_template }] = step.if;
      const chosen = (await this.#holds(value_template, variables)) ? step.then : step.else;
      await this.sequence(chosen ?? [], variables);
    } else if (step.parallel) {
      const ends = await Promise.allSettled(
        step.parallel.map((branch: Step) => this.sequence([branch], { ...variables })),
      );
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    } else if (step.sequence) {
      await this.sequence(step.sequence, variables);
    } else if (step.delay) {
      await sleep(step.delay.seconds * 1000);
    } else if (step.stop !== undefined) {
      throw new Stopped(variables[step.response_variable]);
    } else {
      await this.#call(step, variables);
    }
  }

  async #call(step: Step, variables: Variables): Promise<void> {
    const { action, domain, type, target, device_id, title, message, data } = step;
    const given = action ? { ...target, ...data } : { device_id, title, message, data };
    const rendered = (await this.#value(given, variables)) as Variables;
    this.#calls.push({ action: action ?? `${domain}.${type}`, data: rendered });
    // Its payload is text, even if it reads as a value.
    if (action === 'mqtt.publish')
      await this.#world.publish!(String(rendered['topic']), await this.#text(data.payload, variables));
  }

  async #trigger({ topic, payload, value_template: template }: Step, variables: Variables): Promise<object> {
    const wanted = await this.#text(payload, variables);
    const message = await this.#world.nextMessage!(
      await this.#text(topic, variables),
      async (value) => (await this.#world.jinja.render({ template, value })) === wanted,
    );
    return { payload: message, payload_json: JSON.parse(message) };
  }

  async #holds(template: string, variables: Variables): Promise<boolean> {
    return (await this.#text(template, variables)) === 'True';
  }

  async #text(template: string, variables: Variables): Promise<string> {
    return await this.#world.jinja.render({ template, variables, states: this.#states });
  }

  async #value(value: unknown, variables: Variables): Promise<unknown> {
    if (Array.isArray(value)) return await Promise.all(value.map((item) => this.#value(item, variables)));
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(async ([key, item]) => [
        key,
        await this.#value(item, variables),
      ]);
      return Object.fromEntries(await Promise.all(entries));
    }
    if (!isTemplate(value)) return value;
    return await this.#world.jinja.renderNative({ template: value, variables, states: this.#states });
  }

  get #states(): readonly EntityState[] {
    return this.#world.states(this.#calls);
  }
}
