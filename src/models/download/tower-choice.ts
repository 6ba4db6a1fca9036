import { join } from 'node:path';
import { isIntact } from '../installed/installed.ts';
import type { Pin, Quantized } from '../installed/lock-file.ts';

/** F16: as published. */
export type TowerQuant = 'F16' | 'Q8_0';

/** Which type the vision tower of a pulled model gets. */
export interface TowerChoice {
  /** By the user; null: as this model was pulled before, else `standard`. */
  readonly chosen: TowerQuant | null;
  /** On this board. */
  readonly standard: TowerQuant;
  /** Quantises a file. Both paths are absolute; after an error there is no output. */
  readonly quantize: (
    input: string,
    output: string,
    type: string,
    onProgress: (fraction: number) => void,
  ) => Promise<void>;
}

/** Events of a quantisation, for display. */
export type TowerEvent =
  | { readonly type: 'quantizing'; readonly file: string; readonly fraction: number }
  | {
      readonly type: 'quantized';
      readonly file: string;
      readonly quant: string;
      readonly fromBytes: number;
      readonly toBytes: number;
    }
  | {
      readonly type: 'not-quantized';
      readonly file: string;
      readonly quant: string;
      readonly reason: string;
    };

/** The file that was quantised from a pinned one, if it is intact in the folder and still wanted; else null. */
export async function quantizedForm(
  pin: Pin | undefined,
  folder: string,
  { chosen }: TowerChoice,
  signal: AbortSignal,
): Promise<Quantized | null> {
  const quantized = pin?.quantized ?? null;
  if (quantized === null || (chosen !== null && chosen !== quantized.type)) return null;
  return (await isIntact(join(folder, quantized.file), quantized, signal)) ? quantized : null;
}
