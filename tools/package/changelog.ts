/** Who made the package, and when: what Debian's changelog format asks for. */
export interface ChangelogFacts {
  readonly version: string;
  readonly maintainer: string;
  readonly date: Date;
}

/**
 * CHANGELOG.md's newest section in Debian's changelog format.
 * @throws Error where there is no section or nothing in it
 */
export function debianChangelog(markdown: string, { version, maintainer, date }: ChangelogFacts): string {
  const section = markdown.split(/^## /m)[1] ?? '';
  const entries = section
    .split(/^- /m)
    .slice(1)
    .map((entry) =>
      entry
        .split(/^#/m)[0]!
        .replace(/\[(.+?)\]\((.+?)\)/g, '$1 ($2)')
        .replaceAll('`', ''),
    );
  if (entries.length === 0) throw new Error('CHANGELOG.md: its first section has no entries');
  const lines = entries.flatMap((entry) => wrapped(entry.trim().replace(/\s+/g, ' ')));
  return `scenecast (${version}) unstable; urgency=medium\n\n${lines.join('\n')}\n\n -- ${maintainer}  ${rfc5322(date)}\n`;
}

/** `  * ...`, broken before column 80. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '  *';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > 79 && line.trim() !== '*') {
      lines.push(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function rfc5322(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
