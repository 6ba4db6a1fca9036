import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdersIn, type LicensedPart } from './copyright.ts';

/** The project's folder in the package. */
const home = 'usr/lib/scenecast';

/**
 * Everything in the package that has a licence: the project, the code compiled into its native parts, and each npm
 * package.
 * @param staged the project as it is packaged, with node_modules
 * @throws Error for an npm package without a recognisable licence
 */
export function licensedParts(
  repository: string,
  staged: string,
  packageFolders: Iterable<string>,
): LicensedPart[] {
  const text = (...path: string[]): string => readFileSync(join(repository, ...path), 'utf8');
  const own = text('LICENSE');
  const preact = text('node_modules', 'preact', 'LICENSE');
  const llama = text('build', 'llama.cpp', 'LICENSE');
  const native = ['mtmd.node', 'cpu/*'].map((file) => `${home}/build/native/${file}`);
  const prebuilt = `${home}/node_modules/@node-llama-cpp/*/bins/*`;
  return [
    { files: ['*'], holders: holdersIn(own), licence: 'MIT', text: own },
    ...[...packageFolders].sort().map((folder) => npmPart(staged, folder)),
    {
      files: [`${home}/build/web/*`],
      holders: [...holdersIn(own), ...holdersIn(preact)],
      licence: 'MIT',
      text: preact,
      comment: "the window's page. Compiled in, under the same licence: Preact.",
    },
    {
      files: [...native, prebuilt],
      holders: [...holdersIn(llama), ...compiledIn.map(({ holders }) => holders)],
      licence: 'MIT',
      text: llama,
      comment: nativeComment,
    },
  ];
}

/** What is compiled into llama.cpp's libraries and into our addons, all under the MIT licence. */
const compiledIn = [
  { name: 'JSON for Modern C++', holders: '2013-2025 Niels Lohmann' },
  { name: 'cpp-httplib', holders: '2017-2026 yhirose' },
  { name: 'node-addon-api', holders: '2017 Node.js API collaborators' },
] as const;

const nativeComment = `llama.cpp and ggml, as npm packages @node-llama-cpp/* carry them, and compiled from the source
 in npm package node-llama-cpp with our patches (native/mtmd/patches). Compiled in, under the same licence:
 ${compiledIn.map(({ name }) => name).join(', ')}.`;

function npmPart(staged: string, folder: string): LicensedPart {
  const path = join(staged, folder);
  const { name, version, license, author, contributors } = JSON.parse(
    readFileSync(join(path, 'package.json'), 'utf8'),
  ) as PackageJson;
  const files = [`${home}/${folder}/*`];
  const comment = `npm package ${name} ${version}`;
  const licenceFile = readdirSync(path).find((file) => /^(licen[cs]e|copying)/i.test(file));
  const text = licenceFile === undefined ? null : readFileSync(join(path, licenceFile), 'utf8');
  const holders = holdersIn(text ?? '');
  if (holders.length === 0)
    holders.push(nameOf(author) ?? nameOf(contributors?.[0]) ?? `The authors of ${name}`);
  const licence = name.startsWith('node-linux-') ? 'Node.js' : (license ?? undeclaredLicences[name]);
  if (licence === undefined) throw new Error(`${folder}: its package.json tells no licence`);
  if (text === null && !textless.has(licence))
    throw new Error(`${folder}: a package under ${licence} without the licence's text`);
  if (name.startsWith('@img/sharp-libvips'))
    return { files, holders, licence, text, comment: `${comment}${libvipsComment(path)}` };
  return { files, holders, licence, text, comment };
}

/** By package: what its LICENSE file is, where its package.json names none. */
const undeclaredLicences: Readonly<Record<string, string>> = { suncalc: 'BSD-2-Clause' };

/** Licences whose text is in another package or in every Debian system. */
const textless = new Set(['MIT', 'LGPL-3.0-or-later']);

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
  readonly contributors?: readonly (string | { readonly name: string })[];
}

function nameOf(person: string | { readonly name: string } | undefined): string | null {
  return (typeof person === 'string' ? person : person?.name)?.replace(/\s*[<(].*/, '') ?? null;
}

/** libvips with the libraries in it, each under its own licence, as listed by its publisher. */
function libvipsComment(folder: string): string {
  const readme = join(folder, 'README.md');
  if (!existsSync(readme))
    throw new Error(`${readme} is missing: it tells the licences of what is in libvips`);
  const rows = [...readFileSync(readme, 'utf8').matchAll(/^\| *([\w-]+) *\| *(.+?) *\|$/gm)]
    .filter(([, library]) => library !== 'Library' && !/^-+$/.test(library!))
    .map(([, library, terms]) => ` ${library}: ${terms!.replace(/\[(.+?)\]\((.+?)\)/g, '$1, $2')}`);
  return `; its source and how it is built: https://github.com/lovell/sharp-libvips
 libvips-cpp.so is a shared library that may be replaced. In it, under the terms of:
${rows.join('\n')}`;
}
