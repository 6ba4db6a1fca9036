/**
 * The floors of the house: imports point down only, and adapters never know each other.
 *
 *   node tools/check/import-floors.ts     lists violations of src/, exit 1 where there are any
 */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const adapters = ['camera', 'gate', 'vision', 'board', 'models', 'mqtt', 'store', 'web', 'supervision'];

/** What each part of src/ may import from the other parts. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  pipeline: ['domain'],
  contract: ['domain'],
  config: ['domain'],
  ...Object.fromEntries(adapters.map((adapter) => [adapter, ['domain', 'pipeline/ports.ts']])),
  mqtt: ['domain', 'pipeline/ports.ts', 'contract'],
  'engine.ts': ['domain', 'config', ...adapters],
  'camera-task.ts': ['engine.ts', 'domain', 'config', 'pipeline', ...adapters],
  'info.ts': ['domain', 'config', 'contract', ...adapters],
  'commanding.ts': ['domain', 'config', 'pipeline', ...adapters],
  'publishing.ts': ['engine.ts', 'domain', 'config', 'pipeline', 'contract', ...adapters],
  'pool.ts': ['engine.ts', 'publishing.ts', 'domain', 'config', 'pipeline', 'contract', ...adapters],
  'app.ts': [
    'engine.ts',
    'camera-task.ts',
    'info.ts',
    'commanding.ts',
    'publishing.ts',
    'pool.ts',
    'domain',
    'config',
    'pipeline',
    'contract',
    ...adapters,
  ],
  cli: ['engine.ts', 'publishing.ts', 'app.ts', 'domain', 'config', 'pipeline', 'contract', ...adapters],
  'main.ts': ['cli', 'app.ts', 'domain'],
};

/** Only these parts may load native code. */
const nativeParts = ['camera', 'vision', 'supervision'];

/** One line a violation, for sources given as path below src/ -> text. */
export function floorViolations(sources: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  for (const [path, text] of sources) {
    const part = path.split('/')[0]!;
    const mayImport = allowed[part];
    if (!mayImport) {
      violations.push(
        `${path}: "${part}" is not a part of the house; add it to tools/check/import-floors.ts`,
      );
      continue;
    }
    for (const target of importedPaths(path, text)) {
      const isOwn = target === part || target.startsWith(`${part}/`);
      const isAllowed = mayImport.some((prefix) => target === prefix || target.startsWith(`${prefix}/`));
      if (!isOwn && !isAllowed) violations.push(`${path} imports ${target}`);
    }
    if (/\.node['"`]/.test(text) && !nativeParts.includes(part))
      violations.push(`${path} loads a .node file`);
  }
  return violations;
}

/** The files of src/ that a source imports, static, dynamic or by URL, as paths below src/. */
function importedPaths(path: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*['"](\.[^'"]+)['"]/g);
  return [...specifiers]
    .map(([, specifier]) => posix.join(posix.dirname(path), specifier!))
    .filter((target) => !target.startsWith('..'));
}

/** The sources of the house, by path below src/. */
export function readSources(): Map<string, string> {
  const src = join(import.meta.dirname, '../../src');
  return new Map(
    globSync('**/*.ts', { cwd: src }).map((path) => [path, readFileSync(join(src, path), 'utf8')]),
  );
}

if (import.meta.main) {
  const violations = floorViolations(readSources());
  for (const violation of violations) console.error(`import floors: ${violation}`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
