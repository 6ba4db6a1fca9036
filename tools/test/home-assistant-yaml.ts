import { parse, type ScalarTag } from 'yaml';

/** `!input NAME` in a blueprint. */
export class Input {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const inputTag: ScalarTag = { tag: '!input', resolve: (name) => new Input(name) };

/** Parses as Home Assistant does: YAML 1.1, where a bare `on` is a boolean, with the tag of blueprints. @throws YAMLParseError */
// biome-ignore lint/suspicious/noExplicitAny: checked by a schema afterwards
export function parseHomeAssistantYaml(text: string): any {
  return parse(text, { version: '1.1', customTags: (tags) => [...tags, inputTag], strict: true });
}

/** The inputs of a blueprint's head, those in sections too. */
// biome-ignore lint/suspicious/noExplicitAny: checked by a schema
export function inputsOf({ input }: any): Record<string, any> {
  return Object.fromEntries(
    // biome-ignore lint/suspicious/noExplicitAny: checked by a schema
    Object.entries<any>(input).flatMap(([name, item]) =>
      'input' in item ? Object.entries(item.input) : [[name, item]],
    ),
  );
}

/** The names of all inputs that are used below `value`. */
export function inputsIn(value: unknown): Set<string> {
  return new Set(leavesOf(value).flatMap((leaf) => (leaf instanceof Input ? [leaf.name] : [])));
}

/** All templates below `value`. */
export function templatesIn(value: unknown): string[] {
  return leavesOf(value).filter((leaf): leaf is string => isTemplate(leaf));
}

export function isTemplate(value: unknown): value is string {
  return typeof value === 'string' && /\{[{%]/.test(value);
}

/**
 * What Home Assistant makes of a blueprint: everything beside its head, with the inputs' values in place.
 * @throws Error if an input has neither value nor default
 */
// biome-ignore lint/suspicious/noExplicitAny: checked by a schema afterwards
export function withInputs(blueprint: any, values: Readonly<Record<string, unknown>>): any {
  const { blueprint: head, ...config } = blueprint;
  const inputs = inputsOf(head);
  const chosen = ({ name }: Input): unknown => {
    const value = name in values ? values[name] : inputs[name]?.default;
    if (value === undefined) throw new Error(`the input ${name} has no value and no default`);
    return value;
  };
  return mapLeaves(config, (leaf) => (leaf instanceof Input ? chosen(leaf) : leaf));
}

/** A copy of `value` in which each leaf is replaced. */
function mapLeaves(value: unknown, replace: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, replace));
  if (typeof value !== 'object' || value === null || value instanceof Input) return replace(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, replace)]));
}

function leavesOf(value: unknown): unknown[] {
  const leaves: unknown[] = [];
  mapLeaves(value, (leaf) => leaves.push(leaf));
  return leaves;
}
