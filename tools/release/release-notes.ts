import { changelogSections } from '../package/changelog.ts';

/**
 * The section of one version in CHANGELOG.md as a separate page. Links to files of the repository become plain text.
 * @throws Error if the version has no section with a date and entries
 */
export function releaseNotes(markdown: string, version: string): string {
  const sections = changelogSections(markdown);
  const section = sections.find(({ title }) => title.split(' ')[0] === version);
  const remedy = `give its entries a section "## ${version} - YYYY-MM-DD" first`;
  if (section === undefined)
    throw new Error(`version ${version} is unreleased: CHANGELOG.md has no section for it; ${remedy}`);
  if (!/ - \d{4}-\d{2}-\d{2}$/.test(section.title))
    throw new Error(`version ${version} is unreleased: CHANGELOG.md has it without a date; ${remedy}`);
  if (section.entries.length === 0) throw new Error(`CHANGELOG.md: "## ${section.title}" has no entries`);
  const text = section.text.replace(/\[([^\]]+)\]\((?!https?:)[^)]*\)/g, '$1');
  return `# Scenecast ${section.title}\n\n${text}\n`;
}

/** The number of entries under "Unreleased" in CHANGELOG.md. */
export function unreleasedEntries(markdown: string): number {
  return changelogSections(markdown).find(({ title }) => title === 'Unreleased')?.entries.length ?? 0;
}
