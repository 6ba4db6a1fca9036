import { cpSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkedPaths } from '../docs/markdown-links.ts';

/**
 * Copies the repository's `docs` to `target`, with every file or folder that its pages link to in the same relative place,
 * so that the links keep working.
 */
export function stageDocs(target: string, repository: string): void {
  const staged = new Set<string>();
  const stage = (path: string): void => {
    if (staged.has(path)) return;
    staged.add(path);
    const from = join(repository, path);
    if (lstatSync(from).isDirectory()) {
      for (const name of readdirSync(from)) stage(join(path, name));
      return;
    }
    cpSync(from, join(target, path));
    if (!path.endsWith('.md')) return;
    const text = readFileSync(from, 'utf8');
    writeFileSync(join(target, path), withoutPadding(text));
    for (const linked of linkedPaths(path, text)) stage(linked);
  };
  stage('docs');
}

/** In a table, one long cell in the last column fills all other rows with spaces: half of a page. */
function withoutPadding(markdown: string): string {
  return markdown.replaceAll(/^(\|.*?) +\|$/gm, '$1 |').replaceAll(/^(\|.* ---)-+ \|$/gm, '$1 |');
}
