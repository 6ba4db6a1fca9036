import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Copies `src` and `bin` of the repository to `project`, as JavaScript: Node would strip the types at every start, which takes
 * as long as all the rest of it. Lines stay where they are.
 */
export function stageSources(project: string, repository: string): void {
  const source = join(repository, 'src');
  cpSync(source, join(project, 'src'), { recursive: true, filter: (path) => !isModule(path) });
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(isModule)) {
    const path = join(project, 'src', name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, javascriptOf(readFileSync(join(source, name), 'utf8')));
  }
  cpSync(join(repository, 'bin'), join(project, 'bin'), { recursive: true });
  const command = join(project, 'bin/scenecast');
  writeFileSync(command, readFileSync(command, 'utf8').replace('/src/main.ts', '/src/main.js'));
}

function isModule(name: string): boolean {
  return name.endsWith('.ts');
}

/** Without types; imports and workers, which are named by relative paths, lead to JavaScript. */
function javascriptOf(text: string): string {
  return stripTypeScriptTypes(text).replace(/(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g, '$1$2.js$1');
}
