import {
  type Alias,
  type Document,
  isCollection,
  isPair,
  isScalar,
  isSeq,
  type Node,
  visit,
  type YAMLError,
} from 'yaml';

/** What is wrong at an offset of a YAML text. */
export interface YamlFault {
  readonly offset: number;
  readonly message: string;
}

/** Aliases may multiply a text to this many values. */
const maxNodes = 100_000;

/** Better words for some of the parser's messages. */
const syntaxWords: readonly (readonly [RegExp, string])[] = [
  [/^Tabs are not allowed as indentation/, 'tabs are not allowed as indentation; use spaces'],
  [
    /^Nested mappings are not allowed/,
    'text that contains ": " must be in quotes, and each key of a section on a line of its own',
  ],
  [/^Source contains multiple documents.*/, 'more than one document; remove the line --- or what follows it'],
  [/^Plain value cannot start with (.*)/, 'text that starts with $1 must be in quotes'],
  [/^Missing closing (.)\s*quote/, 'a quote ($1) is not closed'],
  [/^All mapping items must start at the same column/, 'keys of one section must have the same indentation'],
  [/^Maximum call stack size exceeded/, 'nested too deeply'],
];

/** A fault of the syntax. Never with the text itself, which may hold a secret, except for the name of a key. */
export function syntaxFault({ code, message, pos }: YAMLError, text: string): YamlFault {
  const [offset] = pos;
  if (code === 'DUPLICATE_KEY') {
    const key = /^[\w-]*/.exec(text.slice(offset))![0];
    return { offset, message: `the key "${key}" is used twice; remove one of them` };
  }
  const [pattern, words] = syntaxWords.find(([each]) => each.test(message)) ?? [/$/, ''];
  return { offset, message: `not valid YAML: ${message.replace(pattern, words)}` };
}

/** Types of YAML 1.1 that no value here has. */
const foreignTypes = /^tag:yaml\.org,2002:(binary|omap|pairs|set|timestamp)$/;

function shownTag(tag: string): string {
  return tag.replace('tag:yaml.org,2002:', '!!');
}

/** Tags, of which none has a meaning here, such as `!secret` and `!include`. */
export function tagFaults(document: Document.Parsed): YamlFault[] {
  const unknown = new Set(
    document.warnings
      .filter(({ code }) => code === 'TAG_RESOLVE_FAILED')
      .map(({ message }) => /!\S*/.exec(message)?.[0]),
  );
  const faults: YamlFault[] = [];
  visit(document, {
    Node: (_key, node, above) => {
      const { tag, range } = node as Node & { tag?: string };
      if (tag === undefined || !(unknown.has(tag) || foreignTypes.test(tag))) return;
      const field = fieldOf([...above, node]);
      const message = `the tag ${shownTag(tag)} is not supported; ${tagRemedy(tag)}`;
      faults.push({ offset: range![0], message: field === '' ? message : `${field}: ${message}` });
    },
  });
  return faults;
}

function tagRemedy(tag: string): string {
  if (/secret|vault/i.test(tag))
    return 'write the value itself; a password belongs in a file, or a systemd credential, that password_file names';
  if (/env/i.test(tag))
    return 'write the value itself; a password from outside is a systemd credential that password_file names';
  if (/include/i.test(tag)) return 'write what the other file holds here';
  return 'remove it';
}

/** Aliases without an anchor before them, within their own anchor, or that multiply the text too often. */
export function aliasFaults(document: Document.Parsed, targets: Map<Alias, Node>): YamlFault[] {
  const anchors = new Map<string, Node>();
  const aliases: Alias[] = [];
  const faults: YamlFault[] = [];
  visit(document, {
    Node: (_key, node) => {
      if ('anchor' in node && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
    Alias: (_key, alias, above) => {
      const offset = alias.range![0];
      const target = anchors.get(alias.source);
      aliases.push(alias);
      if (!target)
        faults.push({
          offset,
          message: `${fieldOf(above)}: no anchor &${alias.source} before this alias; define it above, or put the text in quotes`,
        });
      else if (above.includes(target))
        faults.push({ offset, message: `${fieldOf(above)}: the alias *${alias.source} contains itself` });
      else targets.set(alias, target);
    },
  });
  if (faults.length > 0) return faults;
  const sizes = new Map<unknown, number>();
  const sizeOf = (node: unknown): number => {
    const known = sizes.get(node);
    if (known !== undefined) return known;
    const size = 1 + childrenOf(node, targets).reduce<number>((sum, child) => sum + sizeOf(child), 0);
    sizes.set(node, size);
    return size;
  };
  if (aliases.length === 0 || sizeOf(document.contents) <= maxNodes) return [];
  const largest = aliases.find((alias) => sizeOf(alias) > maxNodes) ?? aliases.at(-1)!;
  return [
    {
      offset: largest.range![0],
      message: `the alias *${largest.source} repeats too much: all aliases together may add up to ${maxNodes} values`,
    },
  ];
}

function childrenOf(node: unknown, targets: ReadonlyMap<Alias, Node>): readonly unknown[] {
  if (isPair(node)) return [node.key, node.value];
  if (isCollection(node)) return node.items;
  const target = targets.get(node as Alias);
  return target ? [target] : [];
}

/** The field within these nodes, each within the one before, as `cameras.a.source`. */
function fieldOf(nodes: readonly unknown[]): string {
  return nodes
    .flatMap((node, index) => {
      if (isPair(node)) return [isScalar(node.key) ? (node.key.source ?? '') : ''];
      return isSeq(node) && index < nodes.length - 1 ? [String(node.items.indexOf(nodes[index + 1]))] : [];
    })
    .join('.');
}
