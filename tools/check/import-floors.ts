/**
 * Checks the layers (floors) of src/: imports point down only, adapters never import each other, no file is part of an
 * import cycle, and no source outside src/ is imported.
 *
 *   node tools/check/import-floors.ts     lists violations of src/, exits with 1 if there are any
 */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Each talks to one outside system. */
const adapters = [
  'camera',
  'gate',
  'vision',
  'board',
  'models',
  'mqtt',
  'remote-engine',
  'engine-server',
  'home-assistant',
  'labels',
  'monitoring',
  'store',
  'supervision',
  'web',
];
const belowAdapters = ['domain', 'system', 'pipeline/ports.ts'];
const belowSetup = ['domain', 'system', 'pipeline', 'answers', 'contract', 'config', 'planning', ...adapters];

/** What each part of src/ may import from the other parts, lowest floor first. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  system: ['domain'],
  answers: ['domain'],
  pipeline: ['domain', 'answers'],
  contract: ['domain'],
  config: ['domain', 'contract', 'system'],
  ...Object.fromEntries(adapters.map((adapter) => [adapter, belowAdapters])),
  mqtt: [...belowAdapters, 'contract'],
  'home-assistant': [...belowAdapters, 'contract'],
  labels: [...belowAdapters, 'contract'],
  web: [...belowAdapters, 'contract'],
  planning: ['domain', 'system', 'board'],
  setup: belowSetup,
  daemon: [...belowSetup, 'setup'],
  cli: [...belowSetup, 'setup', 'daemon'],
  'main.ts': ['cli', 'domain'],
};

/** Only these parts may load native code. */
const nativeParts = ['camera', 'vision', 'supervision'];

/** One line per violation, for sources given as path below src/ -> text. */
export function floorViolations(sources: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  for (const [path, text] of sources) {
    const part = path.split('/')[0]!;
    const mayImport = allowed[part];
    if (!mayImport) {
      violations.push(`${path}: "${part}" is not a part of src; add it to tools/check/import-floors.ts`);
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
  return [...violations, ...circles(sources)];
}

/** One line per circle of imports, types and worker addresses counted: the files in order, the first one repeated. */
function circles(sources: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`circle: ${[...trail.slice(start), path].join(' -> ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const target of importedPaths(path, sources.get(path) ?? '')) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return found;
}

/** The sources that a source imports, static, dynamic or by URL, as paths relative to src/. */
function importedPaths(path: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*['"`](\.[^'"`]+\.ts)['"`]/g);
  return [...specifiers].map(([, specifier]) => posix.join(posix.dirname(path), specifier!));
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
