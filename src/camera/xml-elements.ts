/** An element of an XML text. */
export interface XmlElement {
  /** By local name, with entities as they are. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The text between its tags. */
  readonly content: string;
}

/**
 * The elements of a local name, in order, at any depth but not within each other. Whatever else is wrong with the text does
 * not matter: devices send invalid XML. Takes a time that is linear in the text.
 */
export function elementsOf(xml: string, name: string): XmlElement[] {
  const begin = new RegExp(`<(?:[\\w.-]+:)?${name}(\\s[^<>]*?)?(/?)>`, 'g');
  const end = new RegExp(`</(?:[\\w.-]+:)?${name}\\s*>`, 'g');
  const found: XmlElement[] = [];
  for (let tag = begin.exec(xml); tag; tag = begin.exec(xml)) {
    const [, attributes = '', slash] = tag;
    end.lastIndex = begin.lastIndex;
    const closing = slash === '/' ? null : end.exec(xml);
    if (slash !== '/' && !closing) break;
    found.push({
      attributes: attributesOf(attributes),
      content: closing ? xml.slice(begin.lastIndex, closing.index) : '',
    });
    if (closing) begin.lastIndex = end.lastIndex;
  }
  return found;
}

/** The text of the first element of a local name; null: there is none, or it is empty. */
export function textOf(xml: string, name: string): string | null {
  const [first] = elementsOf(xml, name);
  const text = first ? decoded(first.content).trim() : '';
  return text === '' ? null : text;
}

/** A text as XML's content or attribute. */
export function xmlText(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function attributesOf(text: string): Map<string, string> {
  const pairs = text.matchAll(/(?:[\w.-]+:)?([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g);
  return new Map([...pairs].map(([, name, double, single]) => [name!, decoded(double ?? single!)]));
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text
    .replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, (_, inner: string) => xmlText(inner))
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (whole, decimal, hexadecimal, name) => {
      const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16);
      if (name) return entities[name] ?? whole;
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
}
