import type { Board } from '../board/board.ts';
import type { ContextSizing, DetailSizing, ModelSizing } from '../domain/model-sizing.ts';

const mebibyte = 1024 ** 2;

/** The engine process without a model, after hundreds of pictures: Node, llama.cpp's and sharp's libraries, and their heaps. */
export const processBytes = 160 * mebibyte;
/** Memory that stays free for other programs: a share of the total, within bounds. */
const headroom = { share: 0.05, minBytes: 64 * mebibyte, maxBytes: 512 * mebibyte };
/** The share of all memory that is always available on an idle board. */
const quietShare = 0.8;
/**
 * Simultaneous copies of a picture's embeddings: the encoder's, the assembled ones, the decoder's, and at most a picture's
 * worth of squares whose pixels repeat.
 */
const embeddingCopies = 4;

/** The expected resident memory of the engine process, in bytes, with the pages of a mapped file. */
export interface MemoryPlan {
  readonly processBytes: number;
  readonly weightsBytes: number;
  readonly visionBytes: number;
  readonly contextBytes: number;
  /** A picture's embeddings. */
  readonly pictureBytes: number;
  readonly totalBytes: number;
}

/** The memory that the engine may use. */
export interface MemoryBudget {
  readonly bytes: number;
  /** The same on an otherwise idle board. */
  readonly quietBytes: number;
  readonly reason: string;
}

/** The memory for a choice. With `useMmap` the file's pages stay in memory next to their copies. */
export function memoryOf(
  model: ModelSizing,
  detail: DetailSizing,
  context: ContextSizing,
  contextSize: number,
  useMmap: boolean,
): MemoryPlan {
  const { weightsBytes, repackedWeightsBytes } = model;
  // What a limit leaves out is chosen from whole squares.
  const embeddedTokens = detail.limit?.wholeTokens ?? detail.imageTokens;
  const parts = {
    processBytes,
    weightsBytes: useMmap
      ? Math.max(model.textBytes, weightsBytes) + repackedWeightsBytes
      : weightsBytes + repackedWeightsBytes,
    visionBytes: detail.visionBytes,
    contextBytes: Math.round(context.fixedBytes + context.bytesPerToken * contextSize),
    pictureBytes: embeddedTokens * model.width * Float32Array.BYTES_PER_ELEMENT * embeddingCopies,
  };
  return { ...parts, totalBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes) };
}

/**
 * The memory available now, or left within the cgroup's limit, less some headroom.
 * @param othersBytes memory for other models, out of that
 */
export function memoryBudget({ memory }: Board, othersBytes = 0): MemoryBudget {
  const total = Math.min(memory.totalBytes, memory.limitBytes ?? Infinity);
  const reserved = Math.min(Math.max(total * headroom.share, headroom.minBytes), headroom.maxBytes);
  const isLimited = (memory.limitAvailableBytes ?? Infinity) < memory.availableBytes;
  const available = isLimited ? memory.limitAvailableBytes! : memory.availableBytes;
  const source = isLimited ? "left within the cgroup's limit" : 'available now';
  const mebibytes = (count: number): string => `${Math.round(count / mebibyte)} MiB`;
  const others = othersBytes === 0 ? '' : ` and ${mebibytes(othersBytes)} for the other model`;
  return {
    bytes: Math.max(0, Math.floor(available - reserved - othersBytes)),
    quietBytes: Math.floor(total * quietShare - othersBytes),
    reason: `${mebibytes(available)} ${source}, less ${mebibytes(reserved)} for other programs${others}`,
  };
}

export function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
