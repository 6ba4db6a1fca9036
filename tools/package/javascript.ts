import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** Copies `src` and `bin` of the repository to `project`, as JavaScript. */
export function stageSources(project: string, repository: string): void {
  copyAsJavaScript(join(repository, 'src'), join(project, 'src'));
  cpSync(join(repository, 'bin'), join(project, 'bin'), { recursive: true });
  const command = join(project, 'bin/scenecast');
  writeFileSync(command, readFileSync(command, 'utf8').replace('/src/main.ts', '/src/main.js'));
}

/**
 * Copies a folder of sources, as JavaScript: Node would strip the types at every start, which takes as long as all the rest
 * of it, and does so with WebAssembly, by which it crashes now and then on an emulated arm64. Lines stay where they are.
 */
export function copyAsJavaScript(source: string, target: string): void {
  cpSync(source, target, { recursive: true, filter: (path) => !isModule(path) });
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(isModule)) {
    const path = join(target, name.replace(/\.ts$/, '.js'));
    writeFileSync(path, javascriptOf(readFileSync(join(source, name), 'utf8')));
  }
}

function isModule(name: string): boolean {
  return name.endsWith('.ts');
}

/** Without types; imports and workers, which are named by relative paths, lead to JavaScript. */
function javascriptOf(text: string): string {
  return stripTypeScriptTypes(text).replace(/(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g, '$1$2.js$1');
}
