import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readOptionalText } from '../../system/read-text.ts';
import { replaceFile } from '../../system/replace-file.ts';
import { formatAddress, type HubAddress } from '../hub-address.ts';

const noteSchema = z.object({
  schema: z.literal(1),
  files: z
    .array(
      z.object({
        address: z.string(),
        name: z.string(),
        /** The address had a query, which may hold a signature and is not kept. */
        hadQuery: z.boolean().default(false),
      }),
    )
    .min(1),
});

/** A file of a pull. */
export type NotedFile = z.infer<typeof noteSchema>['files'][number];

/** Beside the model's folder: the note of a pull that has not completed. */
const notePath = (modelsFolder: string, name: string): string => join(modelsFolder, `.${name}.pull.json`);

/** Notes which files a pull is for, so that it can be resumed by the model's name alone. */
export async function writePullNote(
  modelsFolder: string,
  name: string,
  files: readonly { readonly address: HubAddress; readonly name: string }[],
): Promise<void> {
  const noted = files.map(({ name: file, address }) => ({
    address: formatAddress(address),
    name: file,
    hadQuery: address.hub === 'url' && address.url.search !== '',
  }));
  await replaceFile(notePath(modelsFolder, name), JSON.stringify({ schema: 1, files: noted }));
}

/** The files of the model's interrupted pull; null: there is none. */
export async function readPullNote(modelsFolder: string, name: string): Promise<NotedFile[] | null> {
  try {
    const text = await readOptionalText(notePath(modelsFolder, name));
    return text === null ? null : noteSchema.parse(JSON.parse(text)).files;
  } catch {
    // Truncated, or of another version.
    return null;
  }
}

export async function removePullNote(modelsFolder: string, name: string): Promise<void> {
  await rm(notePath(modelsFolder, name), { force: true });
}
