import type { Board } from '../board/board.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import type { ModelDetails, ModelRow } from './models-list.ts';

/** The rows as a table, with what its times are. */
export function tableOf(rows: readonly ModelRow[], { model, arch }: Board): string {
  const cells = rows.map((row) => [
    row.name,
    row.fits === null ? '-' : row.fits ? 'yes' : 'no',
    timeCell(row.times[0]),
    timeCell(row.times.length > 1 ? row.times.at(-1) : undefined),
    row.ram_bytes === null ? '-' : `~${formatBytes(row.ram_bytes)}`,
    row.quant ?? '-',
    row.tower ?? '-',
    sizeText(row),
    row.installed ? 'yes' : row.folder === null ? 'no' : 'partial',
    row.licence ?? '-',
  ]);
  const lines = [
    ['NAME', 'FITS', 'TIME', 'OVERVIEW', 'RAM', 'QUANT', 'TOWER', 'SIZE', 'INSTALLED', 'LICENCE'],
    ...cells,
  ];
  const board = model ?? `this ${arch} board`;
  const isKnown = rows.some(({ times }) => times.some(({ seconds }) => seconds !== null));
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return [
    ...lines.map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    ),
    '',
    isKnown
      ? `TIME, OVERVIEW: a description of a 1280x720 picture at full detail and as an overview, projected for ${board}.`
      : `TIME: unknown on ${board}; scenecast tune measures an installed model.`,
  ].join('\n');
}

function timeCell(time: ModelRow['times'][number] | undefined): string {
  return time === undefined || time.seconds === null ? '-' : `${Math.max(1, Math.round(time.seconds))} s`;
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
    ['languages', model.languages],
    ['time', timesText(model)],
    ['engine', model.engine],
    ['template', model.engine === null ? null : (model.template ?? "the GGUF's own")],
    ['size', sizeText(model)],
    [
      'RAM',
      ram &&
        `about ${formatBytes(model.ram_bytes!)}: weights ${formatBytes(ram.weights_bytes)}, KV cache ${formatBytes(ram.kv_bytes)} (F16, ${ram.context_tokens} tokens), buffers ${formatBytes(ram.buffers_bytes)}`,
    ],
    ...model.sources.map(({ at, files }): [string, string] => [
      'from',
      `${at}: ${files.map(fileText).join(', ')}`,
    ]),
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

/** At each level of detail; null if nothing is known. */
function timesText({ times }: ModelRow): string | null {
  if (times.length === 0) return null;
  const each = times.map(({ detail, image_tokens, seconds }) => {
    const time = seconds === null ? 'time unknown' : `${Math.max(1, Math.round(seconds))} s`;
    return `${times.length > 1 ? `${detail} ` : ''}${time} (${image_tokens} tokens)`;
  });
  return `${each.join(', ')} for a 1280x720 picture, projected for this board`;
}

function fileText({ file, sha256 }: ModelDetails['sources'][number]['files'][number]): string {
  return `${file} (${sha256 === null ? 'unverified: pinned at the first pull' : `SHA-256 ${sha256.slice(0, 12)}...`})`;
}
