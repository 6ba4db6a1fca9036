import type { Detail } from '../../domain/detail.ts';
import type { KvType } from '../../domain/model-sizing.ts';
import type { Description } from '../../domain/observation.ts';
import type { DescribeRequest } from '../../pipeline/ports.ts';
import type { MtmdErrorCode } from '../native/mtmd-error-code.ts';

/** How the engine is loaded and how it speaks; the same for its whole life. */
export interface EngineOptions {
  readonly textPath: string;
  readonly mmprojPath: string;
  /** In tokens. */
  readonly contextSize: number;
  readonly batchSize: number;
  readonly ubatchSize: number;
  readonly kvType: KvType;
  readonly flashAttention: 'auto' | 'on' | 'off';
  readonly threads: number;
  /** Where the engine's process may run; null: wherever the kernel puts it. */
  readonly cpus: readonly number[] | null;
  readonly useMmap: boolean;
  readonly useMlock: boolean;
  /** A ggml CPU module; null: the best of the prebuilt ones. */
  readonly cpuModule: string | null;
  /** The longest description or answer, in tokens. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** A family's name or a Jinja text; null: the GGUF's own, else that of the family it seems to be. */
  readonly chatTemplate: string | null;
  readonly detail: Detail;
}

/** What a loaded engine says of itself. */
export interface EngineInfo {
  readonly model: string;
  readonly quant: string;
  /** llama.cpp's version. */
  readonly build: string;
  /** The ggml CPU module in use. */
  readonly cpu: string;
  /** The family of the chat template; `gguf` or `config` where it is a text of theirs. */
  readonly chatTemplate: string;
  readonly chatTemplateReason: string;
  /** `detail` changes how this model looks at pictures. */
  readonly heedsDetail: boolean;
  readonly contextSize: number;
  readonly threads: number;
}

/** An error that crossed the process border. */
export interface EngineFault {
  readonly code: MtmdErrorCode | 'BAD_PICTURE' | 'BAD_ANSWER' | 'UNSUPPORTED_MODEL' | 'UNKNOWN';
  readonly message: string;
}

export type ToWorker =
  | { readonly type: 'load'; readonly options: EngineOptions }
  | { readonly type: 'describe'; readonly id: number; readonly request: DescribeRequest }
  | { readonly type: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly type: 'alive' }
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'loaded'; readonly info: EngineInfo }
  | { readonly type: 'load-failed'; readonly fault: EngineFault }
  | { readonly type: 'described'; readonly id: number; readonly description: Description }
  | { readonly type: 'failed'; readonly id: number; readonly fault: EngineFault }
  | { readonly type: 'log'; readonly level: 'debug' | 'warn'; readonly text: string };
