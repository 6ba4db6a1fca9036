import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A link of a Markdown page, as it is written. */
export interface MarkdownLink {
  readonly target: string;
  /** From 1. */
  readonly line: number;
}

/** Inline links and images, reference definitions, and those of HTML; none in code. */
export function linksOf(markdown: string): MarkdownLink[] {
  return withoutCode(markdown)
    .split('\n')
    .flatMap((text, index) =>
      [
        ...text.matchAll(/\]\(\s*<?([^\s<>()]+(?:\([^\s()]*\))?)>?(?:\s+["'][^"']*["'])?\s*\)/g),
        ...text.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g),
        ...text.matchAll(/<[^>]*\b(?:href|src|srcset)="([^"]+)"/g),
      ].map(([, target]) => ({ target: target!, line: index + 1 })),
    );
}

/** The anchors of a page's headings as GitHub makes them, and its HTML ids. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  const text = withoutFences(markdown);
  for (const [, title] of text.matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const slug = title!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let next = 1; anchors.has(anchor); next++) anchor = `${slug}-${next}`;
    anchors.add(anchor);
  }
  for (const [, id] of text.matchAll(/<[^>]*\b(?:id|name)="([^"]+)"/g)) anchors.add(id!);
  return anchors;
}

/**
 * One line for each relative link that leads nowhere below `root`, or to an anchor that is not there. Links to other
 * sites are not followed.
 * @param pages paths below `root`
 */
export function brokenLinks(root: string, pages: readonly string[]): string[] {
  return pages.flatMap((page) =>
    linksOf(readFileSync(join(root, page), 'utf8')).flatMap(({ target, line }) => {
      const fault = isElsewhere(target) ? null : faultOf(root, page, target);
      return fault === null ? [] : [`${page}:${line}: ${target}: ${fault}`];
    }),
  );
}

/** What a page links to in its own tree, as paths below `root`, without anchors. */
export function linkedPaths(page: string, markdown: string): string[] {
  return linksOf(markdown)
    .filter(({ target }) => !isElsewhere(target) && !target.startsWith('#'))
    .map(({ target }) => join(dirname(page), decodeURI(target.split('#')[0]!)));
}

/** An address with a scheme. */
function isElsewhere(target: string): boolean {
  return /^[a-z][a-z\d+.-]*:/i.test(target);
}

function faultOf(root: string, page: string, target: string): string | null {
  const [file = '', anchor] = decodeURI(target).split('#');
  if (file.startsWith('/')) return 'not a relative path';
  const path = file === '' ? join(root, page) : join(root, dirname(page), file);
  if (!existsSync(path)) return 'no such file';
  if (relative(realpathSync(root), realpathSync(path)).startsWith('..')) return 'outside of the tree';
  if (anchor === undefined) return null;
  if (!lstatSync(path).isFile() || !path.endsWith('.md')) return 'only pages have anchors';
  return anchorsOf(readFileSync(path, 'utf8')).has(anchor) ? null : `no heading "#${anchor}"`;
}

/** Lines stay where they are. */
function withoutFences(markdown: string): string {
  return markdown.replace(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2[^\n]*$/gm, (block) =>
    block.replace(/[^\n]/g, ''),
  );
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replace(/(`+)(?!`)(?:(?!\n\n)[\s\S])*?[^`]\1(?!`)/g, (code) =>
    code.replace(/[^\n]/g, ''),
  );
}
