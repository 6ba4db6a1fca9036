import { join } from 'node:path';
import { readBoard } from '../../src/board/read-board.ts';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { formatBytes } from '../../src/domain/format-bytes.ts';
import { type CatalogueEntry, loadCatalogue, ramNeedOf } from '../../src/models/catalogue.ts';
import { catalogueTimes } from '../../src/setup/catalogue-times.ts';

const boards = { 'Orion O6': 'orion-o6-acpi', RK3588: 'rock-5b', 'Raspberry Pi 5': 'raspberry-pi-5' };

/** The catalogue by model and board: projected seconds, and the tokens of a picture, at full detail and as an overview. */
export async function catalogueTable(): Promise<string> {
  const fixtures = join(import.meta.dirname, '../../test/board/fixtures');
  const read = await Promise.all(Object.values(boards).map((name) => readBoard(join(fixtures, name))));
  const rows = loadCatalogue().map((entry) => [
    `\`${entry.name}\``,
    formatBytes(ramNeedOf(entry)!.totalBytes),
    pairOf(entry, ({ imageTokens }) => `${imageTokens}`, read[0]!),
    ...read.map((board) => pairOf(entry, ({ seconds }) => `${Math.round(seconds!)} s`, board)),
  ]);
  return markdownTable(['model', 'RAM', 'tokens', ...Object.keys(boards)], rows);
}

/** A value at full detail, and as an overview if the model has one. */
function pairOf(
  entry: CatalogueEntry,
  textOf: (time: ReturnType<typeof catalogueTimes>[number]) => string,
  board: Awaited<ReturnType<typeof readBoard>>,
): string {
  const times = catalogueTimes(entry, board);
  const [full, overview] = [times[0]!, times.at(-1)!];
  return full === overview ? textOf(full) : `${textOf(full)}, ${textOf(overview)}`;
}
