import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError, messageOf } from '../../domain/errors.ts';
import { requireOwnContent } from '../foreign-content.ts';
import { modelNamePattern } from '../hub-address.ts';
import { partNamesOf } from '../split-parts.ts';
import { defaultModelsFolder } from './installed.ts';
import { expectedFiles, pinsOf } from './lock-file.ts';
import { readPullNote } from './pull-note.ts';

/** The two files of a vision model: the language model, and its vision tower with the projector. */
export interface ModelFiles {
  /** Of a split GGUF the first part: llama.cpp finds the others beside it. */
  readonly text: string;
  readonly mmproj: string;
}

/**
 * Finds the two GGUF files in a model's folder; the projector has "mmproj" in its name.
 * @param key the model's section in the config
 * @throws ConfigError with what is missing, and how to get it.
 */
export async function locateModel(folder: string, key = 'model'): Promise<ModelFiles> {
  const names = await list(folder, key);
  const ggufs = names.filter(isGguf);
  const fault = modelFault(ggufs);
  if (fault !== null) {
    const unfinished = await unfinishedPull(folder, names);
    throw new ConfigError(`${key}.path ${folder}: ${unfinished ?? fault}`);
  }
  const { text, mmproj } = sorted(ggufs);
  return { text: await wholeGguf(join(folder, text[0]!)), mmproj: await wholeGguf(join(folder, mmproj[0]!)) };
}

/**
 * The first part of the GGUF that a file is, or is a part of. A file that is missing altogether is left to its reader.
 * @throws ConfigError if another part is missing, or something else stands in place of one
 */
export async function wholeGguf(path: string): Promise<string> {
  const parts = partPathsOf(path);
  const names = parts.length > 1 ? await list(dirname(path)) : [];
  for (const part of parts) {
    if (parts.length > 1 && !names.includes(basename(part)))
      throw new ConfigError(`${part}: missing; ${basename(path)} is one of ${parts.length} parts of a model`);
    await requireOwnContent(part);
  }
  return parts[0]!;
}

/** The paths of all parts of a GGUF; of one that is not split, its own. */
export function partPathsOf(path: string): readonly string[] {
  return partNamesOf(basename(path)).map((name) => join(dirname(path), name));
}

/** The only projector in a folder; null if there is none or more than one. */
export async function findMmproj(folder: string): Promise<string | null> {
  const names = (await list(folder)).filter((name) => isGguf(name) && isMmproj(name));
  return names.length === 1 ? join(folder, names[0]!) : null;
}

/** The names of the GGUF files in a folder; none if it cannot be read. */
export async function ggufNamesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter(isGguf);
}

/** Why GGUF files of these names are not one model; null: they are. */
export function modelFault(names: readonly string[]): string | null {
  const { text, mmproj } = sorted(names.filter(isGguf));
  const missing = text.flatMap(partNamesOf).find((part) => !names.includes(part));
  return (
    countFault(text, 'text model', '*.gguf') ??
    (missing === undefined ? null : `lacks ${missing}, a part of its text model`) ??
    countFault(mmproj, 'projector', '*mmproj*.gguf')
  );
}

const isGguf = (name: string): boolean => name.toLowerCase().endsWith('.gguf');
/** Whether a GGUF file is a vision projector, by its name. */
export const isMmproj = (name: string): boolean => name.toLowerCase().includes('mmproj');

/** Text models, by their first part, and projectors. */
function sorted(names: readonly string[]): { text: readonly string[]; mmproj: readonly string[] } {
  const first = names.map((name) => (isMmproj(name) ? name : partNamesOf(name)[0]));
  const distinct = [...new Set(first)].sort();
  return { text: distinct.filter((name) => !isMmproj(name)), mmproj: distinct.filter(isMmproj) };
}

function countFault(names: readonly string[], what: string, pattern: string): string | null {
  if (names.length === 1) return null;
  const fault = names.length === 0 ? 'holds no' : `holds ${names.length} files (${names.join(', ')}) for the`;
  return `${fault} ${what}; it needs exactly one ${pattern}`;
}

/** What to do if files of a pulled model are missing, or its pull has not completed; null: neither. */
async function unfinishedPull(folder: string, names: readonly string[]): Promise<string | null> {
  const [modelsFolder, name] = [dirname(folder), basename(folder)];
  if (!modelNamePattern.test(name)) return null;
  const isNoted = (await readPullNote(modelsFolder, name)) !== null;
  const pins = await pinsOf(modelsFolder, name).catch(() => ({}));
  const lacking =
    names.find((each) => /\.gguf\.part$/i.test(each)) ??
    expectedFiles(pins).find((file) => !names.includes(file));
  if (!isNoted && lacking === undefined) return null;
  const where = modelsFolder === defaultModelsFolder(process.env) ? '' : ` --dir ${modelsFolder}`;
  const what = lacking === undefined ? '' : ` (${lacking})`;
  return `not wholly downloaded${what}: run scenecast models pull ${name}${where}`;
}

async function list(folder: string, key = 'model'): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new ConfigError(`${key}.path ${folder}: not a readable folder: ${messageOf(cause)}`, { cause });
  }
}
