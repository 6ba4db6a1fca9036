import { ConfigError } from '../domain/errors.ts';
import type { CatalogueEntry } from '../models/catalogue.ts';
import type { PullFile } from '../models/download/source.ts';
import {
  fileNameOf,
  formatAddress,
  type HubAddress,
  isAddress,
  modelNameOf,
  modelNamePattern,
  parseAddress,
  partAddressesOf,
} from '../models/hub-address.ts';
import { pinsOf } from '../models/installed/lock-file.ts';
import { readPullNote } from '../models/installed/pull-note.ts';

interface Wanted {
  /** The arguments of `models pull`: a model's name, or addresses. */
  readonly names: readonly string[];
  readonly modelName: string | undefined;
  readonly fileName: string | undefined;
}

interface PullSources {
  readonly name: string;
  readonly sources: readonly (readonly PullFile[])[];
}

/**
 * What to pull, under which name, and from where: a model of the catalogue, one that was pulled by address before, or
 * addresses. A part of a split GGUF stands for all of them.
 * @throws ConfigError
 */
export async function pullSourcesOf(
  wanted: Wanted,
  catalogue: readonly CatalogueEntry[],
  modelsFolder: string,
): Promise<PullSources> {
  const { names, modelName, fileName } = wanted;
  const [first] = names as [string];
  if (isAddress(first)) return byAddress(wanted, catalogue);
  const entry = catalogue.find(({ name }) => name === first);
  const sources = entry ? sourcesOf(entry) : await earlierSources(first, modelsFolder);
  if (!sources)
    throw new ConfigError(
      `${first}: neither a model of the catalogue (see scenecast models list) nor an address (hf:owner/repo/file.gguf)`,
    );
  if (names.length > 1 || modelName !== undefined || fileName !== undefined)
    throw new ConfigError(
      entry
        ? `${first}: pull a model of the catalogue on its own and without --name or --as`
        : `${first}: pull a model that was pulled before on its own and without --name or --as`,
    );
  return { name: first, sources };
}

function byAddress(
  { names, modelName, fileName }: Wanted,
  catalogue: readonly CatalogueEntry[],
): PullSources {
  if (fileName !== undefined && names.length > 1)
    throw new ConfigError('--as: names one file; pull one address at a time with it');
  const given = names.map((text) => parseAddress(text, fileName));
  const name = modelName ?? modelNameOf(given[0]!);
  if (!modelNamePattern.test(name))
    throw new ConfigError(
      modelName === undefined
        ? `${names[0]}: name the model with --name, since "${name}" is not a valid name`
        : `--name ${name}: not a valid model name; use lower-case letters, digits and . _ -, with a letter or digit first`,
    );
  if (catalogue.some((entry) => entry.name === name))
    throw new ConfigError(`--name ${name}: the catalogue has a model of this name; choose another`);
  const addresses = fileName === undefined ? withAllParts(given) : given;
  const files = addresses.map((address) => ({
    ...{ address, name: fileName ?? fileNameOf(address), role: null, sha256: null },
  }));
  return { name, sources: [files] };
}

/** As given where it is, since the query of a URL may be its own. */
function withAllParts(given: readonly HubAddress[]): HubAddress[] {
  const all = new Map<string, HubAddress>();
  for (const address of given.flatMap(partAddressesOf)) all.set(formatAddress(address), address);
  for (const address of given) all.set(formatAddress(address), address);
  return [...all.values()];
}

function sourcesOf({ sources }: CatalogueEntry): PullFile[][] {
  return sources.map(({ at, ...files }) =>
    (['text', 'mmproj'] as const).map((role) => ({
      address: parseAddress(`${at}/${files[role].file}`),
      name: files[role].file,
      role,
      sha256: files[role].sha256,
    })),
  );
}

/** Of a pull by address that was interrupted, or that has completed; null: there was none. */
async function earlierSources(name: string, modelsFolder: string): Promise<PullFile[][] | null> {
  if (!modelNamePattern.test(name)) return null;
  const pins = await pinsOf(modelsFolder, name);
  const pinned = Object.entries(pins).map(([file, { address }]) => ({ name: file, address }));
  const noted = (await readPullNote(modelsFolder, name)) ?? [];
  const lost = noted.find(({ hadQuery }) => hadQuery);
  if (lost)
    throw new ConfigError(
      `${name}: ${lost.name} cannot be resumed by the model's name: the query of its address may hold a signature and is not kept; run scenecast models pull with the whole address and --name ${name}`,
    );
  const files = [...pinned.filter((each) => noted.every((other) => other.name !== each.name)), ...noted];
  if (files.length === 0) return null;
  return [
    files.map((file) => ({
      ...file,
      address: parseAddress(file.address, file.name),
      role: null,
      sha256: null,
    })),
  ];
}
