import type { Board } from '../board/board.ts';
import type { Detail } from '../domain/detail.ts';
import { ConfigError } from '../domain/errors.ts';
import { type CatalogueEntry, ramNeedOf, sizeOf } from '../models/catalogue.ts';
import {
  type InstalledFile,
  installedFiles,
  installedNames,
  modelFolder,
} from '../models/installed/installed.ts';
import { isMmproj } from '../models/installed/locate.ts';
import { readMmprojHeader } from '../models/installed/mmproj-header.ts';
import { catalogueTimes, fitsBoard } from '../setup/catalogue-times.ts';

/** A line of `models list`; names as in its JSON. */
export interface ModelRow {
  readonly name: string;
  readonly title: string | null;
  readonly quant: string | null;
  /** The vision tower's type: as installed, otherwise as published. */
  readonly tower: string | null;
  readonly engine: CatalogueEntry['engine'] | null;
  readonly template: string | null;
  readonly licence: string | null;
  readonly languages: string | null;
  /** Whether its estimated memory is there on this board. */
  readonly fits: boolean | null;
  /** Of a description of a 1280x720 picture at each level of detail, the finest first; `seconds` are projected. */
  readonly times: readonly {
    readonly detail: Detail;
    readonly image_tokens: number;
    readonly seconds: number | null;
  }[];
  /** Of both files: as installed, otherwise as published. */
  readonly size_bytes: number | null;
  readonly size_is_approximate: boolean;
  /** An estimate; see {@link ramNeedOf}. */
  readonly ram_bytes: number | null;
  readonly installed: boolean;
  readonly folder: string | null;
}

/** Everything about one model; names as in the JSON of `models show`. */
export interface ModelDetails extends ModelRow {
  readonly ram: {
    weights_bytes: number;
    kv_bytes: number;
    buffers_bytes: number;
    context_tokens: number;
  } | null;
  readonly sources: readonly {
    readonly at: string;
    /** `sha256` null: not published by several sources; the hub's own is pinned at the first pull. */
    readonly files: readonly { readonly file: string; readonly sha256: string | null }[];
  }[];
  readonly files: readonly {
    readonly file: string;
    readonly path: string;
    readonly size_bytes: number;
    readonly sha256: string | null;
    readonly address: string | null;
    readonly revision: string | null;
    readonly quantized_from: string | null;
  }[];
}

/** The catalogue's models by RAM need, then other installed models. */
export async function listModels(
  catalogue: readonly CatalogueEntry[],
  modelsFolder: string,
  board: Board,
): Promise<ModelRow[]> {
  const known = await Promise.all(catalogue.map(async (entry) => rowOf(entry, modelsFolder, board)));
  known.sort((a, b) => (a.ram_bytes ?? Number.POSITIVE_INFINITY) - (b.ram_bytes ?? Number.POSITIVE_INFINITY));
  const names = (await installedNames(modelsFolder)).filter(
    (name) => !catalogue.some((entry) => entry.name === name),
  );
  return [...known, ...(await Promise.all(names.map((name) => ownRowOf(name, modelsFolder))))];
}

/**
 * One model of the catalogue or the models folder.
 * @throws ConfigError if it is in neither.
 */
export async function describeModel(
  catalogue: readonly CatalogueEntry[],
  modelsFolder: string,
  name: string,
  board: Board,
): Promise<ModelDetails> {
  const entry = catalogue.find((each) => each.name === name);
  const files = await installedFiles(modelsFolder, name);
  if (!entry && files.length === 0 && !(await installedNames(modelsFolder)).includes(name))
    throw new ConfigError(
      `${name}: neither in the catalogue nor in ${modelsFolder}; see scenecast models list`,
    );
  const row = entry ? await rowOf(entry, modelsFolder, board) : await ownRowOf(name, modelsFolder);
  const ram = entry ? ramNeedOf(entry) : null;
  return {
    ...row,
    ram:
      entry && ram
        ? {
            weights_bytes: ram.weightsBytes,
            kv_bytes: ram.kvBytes,
            buffers_bytes: ram.buffersBytes,
            context_tokens: entry.contextTokens,
          }
        : null,
    sources: (entry?.sources ?? []).map(({ at, text, mmproj }) => ({
      at,
      files: [text, mmproj].map(({ file, sha256 }) => ({ file, sha256 })),
    })),
    files: files.map(({ name: file, path, sizeBytes, record }) => ({
      file,
      path,
      size_bytes: sizeBytes,
      sha256: record?.sha256 ?? null,
      address: record?.pin.address ?? null,
      revision: record?.pin.revision ?? null,
      quantized_from: record?.quantizedFrom ?? null,
    })),
  };
}

async function rowOf(entry: CatalogueEntry, modelsFolder: string, board: Board): Promise<ModelRow> {
  const files = await installedFiles(modelsFolder, entry.name);
  const [source] = entry.sources as [CatalogueEntry['sources'][number]];
  const isInstalled = isComplete(files);
  return {
    name: entry.name,
    title: entry.title,
    quant: entry.quant,
    tower: isInstalled ? await towerOf(files) : entry.tower,
    engine: entry.engine,
    template: entry.template,
    licence: entry.licence,
    languages: entry.languages,
    fits: fitsBoard(entry, board),
    times: catalogueTimes(entry, board).map(({ detail, imageTokens, seconds }) => ({
      detail,
      image_tokens: imageTokens,
      seconds,
    })),
    size_bytes: isInstalled ? sumOf(files) : sizeOf(source),
    size_is_approximate: !isInstalled && (source.text.approximate || source.mmproj.approximate),
    ram_bytes: ramNeedOf(entry)?.totalBytes ?? null,
    installed: isInstalled,
    folder: files.length > 0 ? modelFolder(modelsFolder, entry.name) : null,
  };
}

async function ownRowOf(name: string, modelsFolder: string): Promise<ModelRow> {
  const files = await installedFiles(modelsFolder, name);
  return {
    name,
    title: null,
    quant: null,
    tower: await towerOf(files),
    engine: null,
    template: null,
    licence: null,
    languages: null,
    fits: null,
    times: [],
    size_bytes: sumOf(files),
    size_is_approximate: false,
    ram_bytes: null,
    installed: isComplete(files),
    folder: modelFolder(modelsFolder, name),
  };
}

/** The type of the vision tower; null if there is none, or its file cannot be read. */
async function towerOf(files: readonly InstalledFile[]): Promise<string | null> {
  const mmproj = files.find(({ name }) => isMmproj(name));
  return mmproj ? ((await readMmprojHeader(mmproj.path))?.type ?? null) : null;
}

/** Whether both a text model and a projector are there, by the rules of locateModel. */
function isComplete(files: readonly InstalledFile[]): boolean {
  return files.some(({ name }) => isMmproj(name)) && files.some(({ name }) => !isMmproj(name));
}

function sumOf(files: readonly InstalledFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
