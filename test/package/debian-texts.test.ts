import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { debianChangelog } from '../../tools/package/changelog.ts';
import { controlFile } from '../../tools/package/control.ts';
import { copyrightFile, holdersIn } from '../../tools/package/copyright.ts';

const maintainer = 'Somebody <somebody@example.org>';
const root = join(import.meta.dirname, '../..');

test('the config that is installed is valid, opens no camera and calls no other machine', async () => {
  const config = await loadConfig(join(root, 'tools/package/debian/config.yaml'));
  expect(Object.values(config.cameras).map(({ source }) => source.type)).toEqual(['scene']);
  expect(config.mqtt.url).toBe('mqtt://127.0.0.1:1883');
  expect(config.model?.path).toBe('models/demo');
});

describe('changelog', () => {
  const facts = { version: '1.2.0', maintainer, date: new Date('2026-03-01T12:00:00Z') };

  test("the newest section in Debian's format", () => {
    const markdown = `# Changelog\n\n## Unreleased\n\n### Added\n\n- \`scenecast x\`: this\n  and [that](docs/that.md).\n- More.\n\n### Changed\n\n- Other.\n\n## 1.1.0\n\n- Old.\n`;
    expect(debianChangelog(markdown, facts)).toBe(`scenecast (1.2.0) unstable; urgency=medium

  * scenecast x: this and that (docs/that.md).
  * More.
  * Other.

 -- ${maintainer}  Sun, 01 Mar 2026 12:00:00 +0000
`);
  });

  test('a version that has a section of its own gets that one, without "docs/x.md (docs/x.md)"', () => {
    const markdown =
      '# Changelog\n\n## Unreleased\n\n- New.\n\n## 1.2.0 - 2026-03-01\n\n- See [docs/x.md](docs/x.md).\n';
    expect(debianChangelog(markdown, facts)).toContain('\n\n  * See docs/x.md.\n\n -- ');
  });

  test('lines of the real one stay below 80 columns, but for single long words', () => {
    const text = debianChangelog(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), facts);
    const tooLong = text.split('\n').filter((line) => line.length > 79 && line.trim().includes(' '));
    expect(tooLong).toEqual([]);
  });

  test('no entries is an error', () => {
    expect(() => debianChangelog('# Changelog\n\n## Unreleased\n', facts)).toThrow('no section has entries');
  });
});

test('the control file names libraries first, and what the maintainer scripts call', () => {
  const text = controlFile({
    version: '1.2.0',
    arch: 'arm64',
    maintainer,
    installedKiB: 5,
    libraries: ['libc6', 'libyuv0'],
  });
  expect(text).toContain('\nDepends: libc6, libyuv0, systemd | systemd-standalone-sysusers');
  expect(text).toContain('\nArchitecture: arm64\n');
  // Each line of the description begins with a blank; none is too long for a terminal.
  const description = text.split(/^Description: .*\n/m)[1]!;
  expect(description.split('\n').filter((line) => line !== '' && !/^ \S/.test(line))).toEqual([]);
  expect(description.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

describe('copyright', () => {
  const mit = (holder: string, quote = '"'): string =>
    `The MIT License (MIT)\n\nCopyright (c) ${holder}\n\nPermission is hereby granted, ${quote}as is${quote}.\n`;

  test('holders are read from a licence', () => {
    expect(holdersIn(mit('2019-2024 Ann Author <ann@example.org>'))).toEqual([
      '2019-2024 Ann Author <ann@example.org>',
    ]);
    expect(holdersIn('Copyright notices must be kept.\n© 2020 Bo')).toEqual(['2020 Bo']);
  });

  test('a text appears once, a different one under the same name separately, a common licence by its path', () => {
    const text = copyrightFile([
      { files: ['*'], holders: ['2026 Us'], licence: 'MIT', text: mit('2026 Us') },
      {
        files: ['a/*', 'b/*'],
        holders: ['2020 A', '2021 B'],
        licence: 'MIT',
        text: mit('2020 A', '”').replace('hereby granted', 'hereby\ngranted'),
      },
      {
        files: ['c/*'],
        holders: ['C'],
        licence: 'MIT',
        text: 'Do what you like.\n\nReally.',
        comment: 'odd',
      },
      { files: ['d/*'], holders: ['D'], licence: 'Apache-2.0', text: 'Apache License\nVersion 2.0' },
    ]);
    expect(text.match(/^ Permission/gm)).toHaveLength(1);
    expect(text).toContain('Files: a/*\n b/*\nCopyright: 2020 A\n 2021 B\nLicense: MIT\n');
    expect(text).toContain('License: MIT~2\nComment: odd\n');
    expect(text).toContain('\n\nLicense: MIT~2\n Do what you like.\n .\n Really.\n');
    expect(text).toContain('\n\nLicense: Apache-2.0\n On Debian systems');
  });
});
