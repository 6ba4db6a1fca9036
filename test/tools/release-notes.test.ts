import { describe, expect, test } from 'vitest';
import { releaseNotes, unreleasedEntries } from '../../tools/release/release-notes.ts';

const markdown = `# Changelog

## Unreleased

### Added

- Something new.

## 1.10.0 - 2026-11-30

### Added

- \`scenecast x\`: this
  and [docs/that.md](docs/that.md#part), [a site](https://example.org).

## 1.1.0

- Undated.

## 1.0.0 - 2026-01-02
`;

test('the changelog of a version is its section, without links into the repository', () => {
  expect(releaseNotes(markdown, '1.10.0')).toBe(`# Scenecast 1.10.0 - 2026-11-30

### Added

- \`scenecast x\`: this
  and docs/that.md, [a site](https://example.org).
`);
  expect(unreleasedEntries(markdown)).toBe(1);
});

describe('is refused', () => {
  test.each([
    ['1.11.0', 'version 1.11.0 is unreleased: CHANGELOG.md has no section for it'],
    ['1.1', 'version 1.1 is unreleased'],
    ['1.1.0', 'version 1.1.0 is unreleased: CHANGELOG.md has it without a date'],
    ['1.0.0', '"## 1.0.0 - 2026-01-02" has no entries'],
  ])('%s', (version, message) => {
    expect(() => releaseNotes(markdown, version)).toThrow(message);
  });
});
