import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, messageOf } from '../../domain/errors.ts';

/** The two files of a vision model: the language model, and its vision tower with the projector. */
export interface ModelFiles {
  readonly text: string;
  readonly mmproj: string;
}

/**
 * Finds the two GGUF files in a model's folder; the projector has "mmproj" in its name.
 * @throws ConfigError with what is missing.
 */
export async function locateModel(folder: string): Promise<ModelFiles> {
  const names = (await list(folder)).filter((name) => name.toLowerCase().endsWith('.gguf')).sort();
  const isMmproj = (name: string): boolean => name.toLowerCase().includes('mmproj');
  const text = onlyOne(
    folder,
    names.filter((name) => !isMmproj(name)),
    'text model',
    '*.gguf',
  );
  const mmproj = onlyOne(folder, names.filter(isMmproj), 'projector', '*mmproj*.gguf');
  return { text, mmproj };
}

/** The only projector in a folder; null if there is none or more than one. */
export async function findMmproj(folder: string): Promise<string | null> {
  const names = (await list(folder)).filter((name) => /mmproj.*\.gguf$/i.test(name));
  return names.length === 1 ? join(folder, names[0]!) : null;
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new ConfigError(`model.path ${folder}: not a readable folder: ${messageOf(cause)}`, { cause });
  }
}

function onlyOne(folder: string, names: readonly string[], what: string, pattern: string): string {
  const [name] = names;
  if (name !== undefined && names.length === 1) return join(folder, name);
  const fault = name === undefined ? 'holds no' : `holds ${names.length} files (${names.join(', ')}) for the`;
  throw new ConfigError(`model.path ${folder}: ${fault} ${what}; it needs exactly one ${pattern}`);
}
