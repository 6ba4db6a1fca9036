import type { Board } from '../board/board.ts';
import type { ContextSizing, DetailSizing, ModelSizing } from '../domain/model-sizing.ts';

const mebibyte = 1024 ** 2;

/** The engine's process without a model: Node, llama.cpp's and sharp's libraries, and what their heaps keep. */
export const processBytes = 184 * mebibyte;
/** What stays free of the memory that is there now, for what else runs: a share of all of it, within bounds. */
const headroom = { share: 0.05, leastBytes: 64 * mebibyte, mostBytes: 512 * mebibyte };
/** Of all memory, what is sure to be there on a board with nothing else to do. */
const quietShare = 0.8;
/** Copies of a picture's embeddings on their way: from the encoder, as one run, and handed to the decoder. */
const embeddingCopies = 3;

/** What the engine's process will take, in bytes: its resident memory, pages of a mapped file included. */
export interface MemoryPlan {
  readonly processBytes: number;
  readonly weightsBytes: number;
  readonly visionBytes: number;
  readonly contextBytes: number;
  /** A picture on its way through the engine. */
  readonly pictureBytes: number;
  readonly totalBytes: number;
}

/** What the engine may take. */
export interface MemoryBudget {
  readonly bytes: number;
  /** What it might take while nothing else runs that takes much. */
  readonly quietBytes: number;
  readonly reason: string;
}

/** The memory for a choice. `useMmap`: the file's pages stay beside copies that are made of them. */
export function memoryOf(
  model: ModelSizing,
  detail: DetailSizing,
  context: ContextSizing,
  contextSize: number,
  useMmap: boolean,
): MemoryPlan {
  const { weightsBytes, repackedWeightsBytes } = model;
  const parts = {
    processBytes,
    weightsBytes: useMmap
      ? Math.max(model.textBytes, weightsBytes) + repackedWeightsBytes
      : weightsBytes + repackedWeightsBytes,
    visionBytes: detail.visionBytes,
    contextBytes: Math.round(context.fixedBytes + context.bytesPerToken * contextSize),
    pictureBytes: detail.imageTokens * model.width * Float32Array.BYTES_PER_ELEMENT * embeddingCopies,
  };
  return { ...parts, totalBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes) };
}

/** What the engine may take: what is there now, or what the cgroup still grants, less some headroom. */
export function memoryBudget({ memory }: Board): MemoryBudget {
  const total = Math.min(memory.totalBytes, memory.limitBytes ?? Infinity);
  const reserved = Math.min(Math.max(total * headroom.share, headroom.leastBytes), headroom.mostBytes);
  const isLimited = (memory.limitAvailableBytes ?? Infinity) < memory.availableBytes;
  const available = isLimited ? memory.limitAvailableBytes! : memory.availableBytes;
  const source = isLimited ? "left of the cgroup's limit" : 'available now';
  return {
    bytes: Math.max(0, Math.floor(available - reserved)),
    quietBytes: Math.floor(total * quietShare),
    reason: `${Math.round(available / mebibyte)} MiB ${source}, less ${Math.round(reserved / mebibyte)} MiB for what else runs`,
  };
}
