import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { messageOf } from '../domain/errors.ts';
import { aliasFaults, syntaxFault, tagFaults, type YamlFault } from './yaml-faults.ts';

/** A YAML text as plain values. */
export interface YamlText {
  /** Null if there is a fault. An empty value, as in `gate:`, is undefined and not null. */
  readonly value: unknown;
  /** One line each, with its number. */
  readonly faults: readonly string[];
  /** The line of a key or item, or of the nearest thing around it; null: the top. */
  lineOf(path: readonly PropertyKey[]): number | null;
}

/** The lines of an object's keys or an array's items. */
type Lines = WeakMap<object, Map<string, number>>;

const noLines = (): null => null;

/** Parses one YAML 1.2 document with merge keys (`<<`). Never throws. */
export function readYaml(text: string): YamlText {
  const counter = new LineCounter();
  const failed = (faults: readonly YamlFault[]): YamlText => ({
    value: null,
    faults: faults.map(({ offset, message }) => `line ${counter.linePos(offset).line}: ${message}`),
    lineOf: noLines,
  });
  try {
    const document = parseDocument(text, { merge: true, lineCounter: counter, prettyErrors: false });
    // One fault of syntax causes others further down.
    const [fault] = document.errors;
    if (fault) return failed([syntaxFault(fault, text)]);
    const targets = new Map<Alias, Node>();
    const faults = [...tagFaults(document), ...aliasFaults(document, targets)];
    if (faults.length > 0) return failed(faults.sort((a, b) => a.offset - b.offset));
    const lines: Lines = new WeakMap();
    const reader = new NodeReader(targets, lines, (node) => counter.linePos(node.range![0]).line);
    const value = reader.read(document.contents);
    if (reader.faults.length > 0) return failed(reader.faults);
    return { value, faults: [], lineOf: (path) => lineOf(path, value, lines) };
  } catch (error) {
    // The parser's recursion has no limit of its own.
    const reason = error instanceof RangeError ? 'nested too deeply' : messageOf(error);
    return { value: null, faults: [`not valid YAML: ${reason}`], lineOf: noLines };
  }
}

class NodeReader {
  readonly faults: YamlFault[] = [];
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #lines: Lines;
  readonly #lineOf: (node: Node) => number;

  constructor(targets: ReadonlyMap<Alias, Node>, lines: Lines, lineOf: (node: Node) => number) {
    this.#targets = targets;
    this.#lines = lines;
    this.#lineOf = lineOf;
  }

  read(node: unknown): unknown {
    const resolved = this.#resolve(node);
    if (isScalar(resolved)) return resolved.value === null && !resolved.source ? undefined : resolved.value;
    if (isSeq(resolved)) {
      const items = resolved.items.map((item) => this.read(item));
      this.#lines.set(
        items,
        new Map(resolved.items.map((item, index) => [String(index), this.#lineOf(item as Node)])),
      );
      return items;
    }
    if (!isMap(resolved)) return undefined;
    const entries = new Map<string, { value: unknown; line: number }>();
    this.#collect(resolved, entries);
    const value = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value]));
    this.#lines.set(value, new Map([...entries].map(([key, { line }]) => [key, line])));
    return value;
  }

  /** The entries of a map and of those merged into it; its own come first, then those of earlier ones. */
  #collect(node: unknown, entries: Map<string, { value: unknown; line: number }>): void {
    if (!isMap(node)) return;
    const isMerge = (key: unknown): boolean => isScalar(key) && typeof key.value === 'symbol';
    for (const { key, value } of node.items) {
      if (isMerge(key)) continue;
      const name = isScalar(key) ? String(key.value ?? '') : '';
      if (!isScalar(key)) this.#fault(key, 'a key must be a word');
      // Checks of the value would pass over it.
      if (name === '__proto__') this.#fault(key, 'no key can be called __proto__');
      if (!entries.has(name)) entries.set(name, { value: this.read(value), line: this.#lineOf(key as Node) });
    }
    for (const { key, value } of node.items) {
      if (!isMerge(key)) continue;
      const source = this.#resolve(value);
      for (const each of isSeq(source) ? source.items : [source]) {
        const merged = this.#resolve(each);
        if (isMap(merged)) this.#collect(merged, entries);
        else this.#fault(key, '<<: must name a section, as *anchor, or a list of them');
      }
    }
  }

  #resolve(node: unknown): unknown {
    let resolved = node;
    while (isAlias(resolved)) resolved = this.#targets.get(resolved);
    return resolved;
  }

  #fault(node: unknown, message: string): void {
    this.faults.push({ offset: (node as Node).range![0], message });
  }
}

function lineOf(path: readonly PropertyKey[], value: unknown, lines: Lines): number | null {
  let [inner, line] = [value, null as number | null];
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null) break;
    line = lines.get(inner)?.get(String(key)) ?? line;
    inner = (inner as Record<PropertyKey, unknown>)[key];
  }
  return line;
}
