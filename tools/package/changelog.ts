/** The fields of an entry in Debian's changelog format. */
export interface ChangelogFacts {
  readonly version: string;
  readonly maintainer: string;
  readonly date: Date;
}

/** A `## ` section of CHANGELOG.md. */
export interface ChangelogSection {
  /** `0.1.0 - 2026-11-30`, or `Unreleased`. */
  readonly title: string;
  /** The text below the title. */
  readonly text: string;
  /** The texts of its `- ` items. */
  readonly entries: readonly string[];
}

/** The sections of CHANGELOG.md, newest first. */
export function changelogSections(markdown: string): ChangelogSection[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = '', ...lines] = section.split('\n');
      const text = lines.join('\n').trim();
      const items = `\n${text}`.split(/\n- /).slice(1);
      return { title: title.trim(), text, entries: items.map((item) => item.split(/^#/m)[0]!.trim()) };
    });
}

/**
 * The version's section of CHANGELOG.md, else the newest section with entries, in Debian's changelog format.
 * @throws Error if no section has entries
 */
export function debianChangelog(markdown: string, { version, maintainer, date }: ChangelogFacts): string {
  const sections = changelogSections(markdown).filter(({ entries }) => entries.length > 0);
  const section = sections.find(({ title }) => title.split(' ')[0] === version) ?? sections[0];
  if (section === undefined) throw new Error('CHANGELOG.md: no section has entries');
  const entries = section.entries.map((entry) =>
    entry.replace(/\[(.+?)\]\((.+?)\)/g, linkInWords).replaceAll('`', ''),
  );
  const lines = entries.flatMap((entry) => wrapped(entry.trim().replace(/\s+/g, ' ')));
  return `scenecast (${version}) unstable; urgency=medium\n\n${lines.join('\n')}\n\n -- ${maintainer}  ${rfc5322(date)}\n`;
}

function linkInWords(_: string, text: string, target: string): string {
  return text === target ? text : `${text} (${target})`;
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
