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
 * Copies a folder of sources, as JavaScript. Otherwise Node would strip the types at every start, which doubles the start
 * time, and uses WebAssembly for it, which sometimes crashes on an emulated arm64. Line numbers do not change.
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

/** Strips the types, and makes relative imports and worker addresses point to JavaScript files. */
function javascriptOf(text: string): string {
  return stripTypeScriptTypes(text).replace(/(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g, '$1$2.js$1');
}
