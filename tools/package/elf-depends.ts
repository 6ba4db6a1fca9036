// Finds the Debian packages that a package's compiled files depend on. Unlike dpkg-shlibdeps it needs neither the other
// architecture's libraries nor their symbols files.

export interface ElfNeeds {
  /** Sonames. */
  readonly libraries: readonly string[];
  /** Symbol versions such as GLIBC_2.28. */
  readonly versions: readonly string[];
}

/** From what `readelf --wide --dynamic --version-info FILE` prints. */
export function elfNeeds(readelf: string): ElfNeeds {
  const all = (pattern: RegExp): string[] => [...readelf.matchAll(pattern)].map((match) => match[1]!);
  // Required versions are listed under a library's name; versions that the file defines are not.
  const needed = readelf.slice(readelf.indexOf('.gnu.version_r'));
  return {
    libraries: all(/\(NEEDED\).*\[(.+)\]/g),
    versions: readelf.includes('.gnu.version_r')
      ? [
          ...new Set(
            [...needed.matchAll(/Name: ((?:GLIBC|GLIBCXX|CXXABI|GCC)_[\d.]+)/g)].map((match) => match[1]!),
          ),
        ]
      : [],
  };
}

/** Debian 12's name of the package with a library; Debian 13 has the same. */
const packageOf: Readonly<Record<string, string>> = {
  'libgomp.so.1': 'libgomp1',
  'libatomic.so.1': 'libatomic1',
  'libyuv.so.0': 'libyuv0',
  'libturbojpeg.so.0': 'libturbojpeg0',
  'libjpeg.so.62': 'libjpeg62-turbo',
  'libsystemd.so.0': 'libsystemd0',
};
const glibc = /^(libc|libm|libdl|libpthread|librt|libresolv|libutil|ld-linux-[\w-]+)\.so\.\d+$/;

/** GLIBCXX_3.4.<index> came with GCC <version>. */
const libstdcxx: Readonly<Record<number, string>> = {
  21: '5',
  22: '6',
  23: '7',
  24: '7',
  25: '8',
  26: '9',
  27: '9',
  28: '9',
  29: '11',
  30: '12',
  31: '13',
  32: '13.2',
  33: '14',
};

/**
 * The packages to depend on, sorted, with the lowest versions that have every symbol.
 * @param own sonames that the package brings itself
 * @throws Error for an unknown library or version
 */
export function debianDepends(files: readonly ElfNeeds[], own: ReadonlySet<string>): string[] {
  const depends = new Set<string>();
  for (const library of new Set(files.flatMap(({ libraries }) => libraries))) {
    if (own.has(library) || glibc.test(library) || library === 'libstdc++.so.6') continue;
    if (library === 'libgcc_s.so.1') depends.add('libgcc-s1 (>= 3.4)');
    else if (packageOf[library]) depends.add(packageOf[library]);
    else throw new Error(`${library}: which Debian package has it? Add it to tools/package/elf-depends.ts`);
  }
  const versions = files.flatMap((file) => file.versions);
  depends.add(`libc6 (>= ${highest(versions, 'GLIBC')})`);
  if (versions.some((version) => version.startsWith('GLIBCXX'))) {
    const highestIndex = Number(highest(versions, 'GLIBCXX').split('.')[2] ?? 0);
    const gcc = highestIndex < 21 ? '5' : libstdcxx[highestIndex];
    if (!gcc)
      throw new Error(`GLIBCXX_3.4.${highestIndex}: which GCC? Add it to tools/package/elf-depends.ts`);
    depends.add(`libstdc++6 (>= ${gcc})`);
  }
  return [...depends].sort();
}

/** The highest of the versions with this prefix, without it. @throws Error if there is none */
function highest(versions: readonly string[], prefix: string): string {
  const found = versions
    .filter((version) => version.startsWith(`${prefix}_`))
    .map((version) => version.slice(prefix.length + 1))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  if (found.length === 0) throw new Error(`no file needs any version of ${prefix}: nothing was compiled?`);
  return found.at(-1)!;
}
