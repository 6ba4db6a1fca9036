import { ConfigError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { type CatalogueEntry, ramNeedOf, sizeOf } from '../models/catalogue.ts';
import {
  type InstalledFile,
  installedFiles,
  installedNames,
  modelFolder,
} from '../models/installed/installed.ts';
import { isMmproj } from '../models/installed/locate.ts';
import { readMmprojHeader } from '../models/installed/mmproj-header.ts';

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
  readonly sources: readonly { readonly at: string; readonly files: readonly string[] }[];
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
): Promise<ModelRow[]> {
  const known = await Promise.all(catalogue.map(async (entry) => rowOf(entry, modelsFolder)));
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
): Promise<ModelDetails> {
  const entry = catalogue.find((each) => each.name === name);
  const files = await installedFiles(modelsFolder, name);
  if (!entry && files.length === 0 && !(await installedNames(modelsFolder)).includes(name))
    throw new ConfigError(
      `${name}: neither in the catalogue nor in ${modelsFolder}; see scenecast models list`,
    );
  const row = entry ? await rowOf(entry, modelsFolder) : await ownRowOf(name, modelsFolder);
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
    sources: (entry?.sources ?? []).map(({ at, text, mmproj }) => ({ at, files: [text.file, mmproj.file] })),
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

async function rowOf(entry: CatalogueEntry, modelsFolder: string): Promise<ModelRow> {
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

/** The rows as a table. */
export function tableOf(rows: readonly ModelRow[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.ram_bytes === null ? '-' : `~${formatBytes(row.ram_bytes)}`,
    row.quant ?? '-',
    row.tower ?? '-',
    sizeText(row),
    row.installed ? 'yes' : row.folder === null ? 'no' : 'partial',
    row.licence ?? '-',
  ]);
  const lines = [['NAME', 'RAM', 'QUANT', 'TOWER', 'SIZE', 'INSTALLED', 'LICENCE'], ...cells];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function sizeText({ size_bytes, size_is_approximate }: ModelRow): string {
  if (size_bytes === null) return '?';
  return `${size_is_approximate ? '~' : ''}${formatBytes(size_bytes)}`;
}

/** One model as text. */
export function modelText(model: ModelDetails): string {
  const { ram } = model;
  const facts: [string, string | null][] = [
    ['model', model.title],
    ['quant', model.quant],
    ['tower', model.tower],
    ['licence', model.licence],
    ['engine', model.engine],
    ['template', model.engine === null ? null : (model.template ?? "the GGUF's own")],
    ['size', sizeText(model)],
    [
      'RAM',
      ram &&
        `about ${formatBytes(model.ram_bytes!)}: weights ${formatBytes(ram.weights_bytes)}, KV cache ${formatBytes(ram.kv_bytes)} (F16, ${ram.context_tokens} tokens), buffers ${formatBytes(ram.buffers_bytes)}`,
    ],
    ...model.sources.map(({ at, files }): [string, string] => ['from', `${at}: ${files.join(', ')}`]),
    ['folder', model.folder ?? `not installed; run scenecast models pull ${model.name}`],
    ...model.files.map(({ file, size_bytes, sha256, quantized_from }): [string, string] => [
      'file',
      `${file}, ${formatBytes(size_bytes)}, ${sha256 === null ? 'not pinned' : `SHA-256 ${sha256}`}${quantized_from === null ? '' : `, quantised here from ${quantized_from}`}`,
    ]),
  ];
  return [
    model.name,
    ...facts.filter(([, value]) => value !== null).map(([key, value]) => `  ${key.padEnd(9)} ${value}`),
  ].join('\n');
}
