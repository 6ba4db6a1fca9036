import type { Board } from '../board/board.ts';
import type { Detail } from '../domain/detail.ts';
import { type CatalogueEntry, ramNeedOf } from '../models/catalogue.ts';
import { chooseCpus } from '../planning/choose-cpus.ts';
import { projectTimes } from '../planning/project-times.ts';
import { gainsFromQ8Tower } from '../vision/native/tower-quant.ts';

/** How long a description of a 1280x720 picture takes. */
export interface CatalogueTime {
  readonly detail: Detail;
  readonly imageTokens: number;
  /** Projected. Null if this board's speed is unknown. */
  readonly seconds: number | null;
}

/** Memory for the system and the daemon. */
const systemBytes = 1e9;
/** Of a description's prompt, with the template around it. */
const promptTokens = 40;

/**
 * The projected times of a catalogue model on a board, at each level of detail, the finest first; empty if the model's
 * shape is not known. `scenecast plan` makes the same projection from the files' headers.
 */
export function catalogueTimes(entry: CatalogueEntry, board: Board): CatalogueTime[] {
  const { shape, quant, kv, sources, lookedUpBytes } = entry;
  if (!shape) return [];
  const { text, tower, projectorWeights, pictures } = shape;
  const model = {
    shapes: {
      text: { ...text, weightType: weightTypeOf(quant) },
      tower: { ...tower, weightType: towerTypeOf(entry, board) },
      projectorWeights,
    },
    textBytes: (sources[0]!.text.sizeBytes ?? 0) - lookedUpBytes,
    freeTurnTokens: promptTokens,
  };
  const cpu = chooseCpus(board, null);
  const context = { kvBytesPerToken: 4 * kv.layers * kv.width };
  return pictures.map((picture) => {
    const times = projectTimes(board, cpu, model, picture, context);
    const { detail, imageTokens } = picture;
    return {
      detail,
      imageTokens,
      seconds: times && times.encodeSeconds + times.prefillSeconds + times.generateSeconds,
    };
  });
}

/** Whether a model's estimated memory is there on a board, beside the system's. */
export function fitsBoard(entry: CatalogueEntry, { memory }: Board): boolean {
  const budget = Math.min(memory.totalBytes, memory.limitBytes ?? Number.POSITIVE_INFINITY) - systemBytes;
  return (ramNeedOf(entry)?.totalBytes ?? Number.POSITIVE_INFINITY) <= budget;
}

/** ggml's name for the type of most weights, such as q4_K of Q4_K_M. */
function weightTypeOf(quant: string): string {
  return quant.replace(/^(Q\d)_K.*/, '$1_K').replace(/^[A-Z]+/, (letters) => letters.toLowerCase());
}

/** A pull quantises LLaVA's towers where that is faster. */
function towerTypeOf({ tower, shape }: CatalogueEntry, { arch, features }: Board): string {
  const isQuantized = shape?.projector === 'mlp' && gainsFromQ8Tower(arch, features);
  return weightTypeOf(isQuantized ? 'Q8_0' : tower);
}
