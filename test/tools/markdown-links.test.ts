import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { anchorsOf, brokenLinks, linksOf } from '../../tools/docs/markdown-links.ts';

const root = join(import.meta.dirname, '../..');
const pages = ['*.md', 'docs/**/*.md', 'native/*/README.md', 'tools/*/README.md', 'models/demo/README.md'];

test('every link and anchor in the repository leads somewhere', () => {
  const found = globSync(pages, { cwd: root });
  for (const page of ['README.md', 'CHANGELOG.md', 'docs/mqtt.md', 'native/cpu/README.md'])
    expect(found).toContain(page);
  expect(brokenLinks(root, found)).toEqual([]);
});

test('links are found inline, by reference and in HTML, and not in code', () => {
  const markdown = [
    '[a](a.md), ![b](<b.svg> "title") and [`c`](c.md#d)',
    '[e]: e.md',
    '<a href="f.md"><img src="g.svg"></a>',
    '<source media="(prefers-color-scheme: dark)" srcset="g-dark.webp">',
    '`[no](no.md)` and ``[no](`no.md)``',
    '```md',
    '[no](no.md)',
    '```',
    '[h](https://example.org/h_(i))',
  ].join('\n');
  expect(linksOf(markdown)).toEqual([
    { target: 'a.md', line: 1 },
    { target: 'b.svg', line: 1 },
    { target: 'c.md#d', line: 1 },
    { target: 'e.md', line: 2 },
    { target: 'f.md', line: 3 },
    { target: 'g.svg', line: 3 },
    { target: 'g-dark.webp', line: 4 },
    { target: 'https://example.org/h_(i)', line: 9 },
  ]);
});

test('anchors are those that GitHub makes of headings', () => {
  const markdown =
    '# It\'s `a`, b-c_d & [e](f.md)\n\n## Same\n\n## Same\n\n```sh\n# no heading\n```\n\n<a id="own"></a>\n';
  expect([...anchorsOf(markdown)]).toEqual(['its-a-b-c_d--e', 'same', 'same-1', 'own']);
});

test('what leads nowhere is named with its line', () => {
  const parent = mkdtempSync(join(tmpdir(), 'scenecast-links-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  const folder = join(parent, 'tree');
  mkdirSync(join(folder, 'docs'), { recursive: true });
  writeFileSync(join(folder, 'README.md'), '# Top\n\n[gone](docs/gone.md)\n[fine](docs/page.md#part)\n');
  writeFileSync(
    join(folder, 'docs/page.md'),
    '# Part\n[fine](..), [gone](../README.md#gone), [out](../../x), [fine](#part), [gone](#gone), [out](/etc)\n',
  );
  writeFileSync(join(parent, 'x'), '');
  expect(brokenLinks(folder, ['README.md', 'docs/page.md'])).toEqual([
    'README.md:3: docs/gone.md: no such file',
    'docs/page.md:2: ../README.md#gone: no heading "#gone"',
    'docs/page.md:2: ../../x: outside of the tree',
    'docs/page.md:2: #gone: no heading "#gone"',
    'docs/page.md:2: /etc: not a relative path',
  ]);
});
