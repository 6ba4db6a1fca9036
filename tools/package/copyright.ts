/** A part of the package with its licence; files as globs below the root. */
export interface LicensedPart {
  readonly files: readonly string[];
  /** One line each: `2012-2024 Somebody`. */
  readonly holders: readonly string[];
  /** An SPDX identifier, or another short name. */
  readonly licence: string;
  /** Verbatim; null: it is in /usr/share/common-licenses, or given by another part with the same licence name. */
  readonly text: string | null;
  readonly comment?: string;
}

/** Licences in /usr/share/common-licenses. */
const commonLicences: Readonly<Record<string, string>> = {
  'Apache-2.0': 'Apache-2.0',
  'LGPL-3.0-or-later': 'LGPL-3',
};

/**
 * A machine-readable debian/copyright (DEP-5). Texts that differ only in copyright lines and line breaks
 * appear once.
 */
export function copyrightFile(parts: readonly LicensedPart[]): string {
  const texts = new Map<string, { name: string; text: string }>();
  const names = new Set<string>();
  const nameFor = ({ licence, text }: LicensedPart): string => {
    if (commonLicences[licence] || text === null) return licence;
    const key = permissionOf(text);
    const known = texts.get(key);
    if (known) return known.name;
    let name = licence;
    for (let next = 2; names.has(name); next++) name = `${licence}~${next}`;
    names.add(name);
    texts.set(key, { name, text });
    return name;
  };
  const stanzas = parts.map((part) =>
    [
      `Files: ${part.files.join('\n ')}`,
      `Copyright: ${part.holders.join('\n ')}`,
      `License: ${nameFor(part)}`,
      ...(part.comment === undefined ? [] : [`Comment: ${part.comment}`]),
    ].join('\n'),
  );
  const common = [...new Set(parts.map(({ licence }) => licence))].filter(
    (licence) => commonLicences[licence],
  );
  return `${[
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: scenecast',
    ...stanzas,
    ...[...texts.values()].map(({ name, text }) => `License: ${name}\n${indented(text)}`),
    ...common.map(
      (licence) =>
        `License: ${licence}\n On Debian systems, the text of this licence is in\n /usr/share/common-licenses/${commonLicences[licence]}.`,
    ),
  ].join('\n\n')}\n`;
}

const copyrightLine = /^\W*(?:the MIT license.*)?(?:copyright|\(c\)|©)\W.*(?:\d{4}|\(c\)|©| by ).*$/i;

/** The holders that a licence's text names, without the word; empty if there are none. */
export function holdersIn(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => copyrightLine.test(line))
    .map((line) =>
      line
        .replace(/^\W*/, '')
        .replace(/^(?:copyright|\(c\)|©|\s)+/gi, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .slice(0, 12);
}

/** A licence's text for comparison: without title, copyright lines, line breaks and typographic quotes. */
function permissionOf(text: string): string {
  return text
    .split('\n')
    .filter(
      (line) => !copyrightLine.test(line) && !/^\W*(the )?[\w-]+ licen[cs]e\W*(\([\w ]+\))?\W*$/i.test(line),
    )
    .join(' ')
    .replace(/all rights reserved\.?/i, '')
    .replace(/[“”‘’'"]/g, '"')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** A text in the copyright format: each line is indented by a space, empty lines become a full stop. */
function indented(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
}
