/** What a server asks for in WWW-Authenticate: a scheme in lower case, and its parameters by name in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** A scheme, or a parameter with its value (quoted or not). Unquoted values go up to the next comma or space. */
const word = /[\s,="]*([^\s,="]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s,]*)))?/gy;

/** The challenges of all WWW-Authenticate headers of an answer, in order (RFC 9110, section 11.6.1). */
export function challengesOf(headers: readonly string[]): Challenge[] {
  return headers.flatMap((header) => {
    const found: { scheme: string; parameters: Map<string, string> }[] = [];
    for (const [, name = '', quoted, bare] of header.matchAll(word)) {
      const value = quoted?.replace(/\\(.)/g, '$1') ?? bare;
      if (value === undefined) found.push({ scheme: name.toLowerCase(), parameters: new Map() });
      else found.at(-1)?.parameters.set(name.toLowerCase(), value);
    }
    return found;
  });
}
