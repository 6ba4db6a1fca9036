import type { ChatReply, ChatRequest } from '../../domain/chat.ts';
import type { Detail } from '../../domain/detail.ts';
import type { KvType } from '../../domain/model-sizing.ts';
import type { Description } from '../../domain/observation.ts';
import type { DescribeRequest } from '../../pipeline/ports.ts';
import type { MtmdErrorCode } from '../native/mtmd-error-code.ts';

/** How the engine loads the model and generates; fixed for its lifetime. */
export interface EngineOptions {
  readonly textPath: string;
  readonly mmprojPath: string;
  /** In tokens. */
  readonly contextSize: number;
  readonly batchSize: number;
  readonly ubatchSize: number;
  readonly kvType: KvType;
  readonly flashAttention: 'auto' | 'on' | 'off';
  /** While generating. */
  readonly threads: number;
  /** While encoding and prefilling. */
  readonly threadsBatch: number;
  /** CPUs that the engine process may run on; null: any. */
  readonly cpus: readonly number[] | null;
  readonly useMmap: boolean;
  readonly useMlock: boolean;
  /** A ggml CPU module; null: the best of the prebuilt ones. */
  readonly cpuModule: string | null;
  /** Max length of a description or answer. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** A family's name or a Jinja template; null: the GGUF's own, else that of the detected family. */
  readonly chatTemplate: string | null;
  readonly detail: Detail;
  /** Looks closely only at a request's `changedArea`, if the model `showsAreas`. Default: at everything. */
  readonly changedOnly?: boolean;
  /** Image tokens of a picture, at most, if the model can be limited. Default: all that it takes. */
  readonly maxImageTokens?: number | null;
}

/** A loaded engine's description of itself. */
export interface EngineInfo {
  readonly model: string;
  readonly quant: string;
  /** llama.cpp's version. */
  readonly build: string;
  /** The ggml CPU module in use. */
  readonly cpu: string;
  /** The family of the chat template; `gguf` or `config` if the template is theirs. */
  readonly chatTemplate: string;
  readonly chatTemplateReason: string;
  /** `detail` has an effect with this model. */
  readonly usesDetail: boolean;
  /** A part of a picture can be shown more closely than the rest. */
  readonly showsAreas: boolean;
  readonly contextSize: number;
  readonly threads: number;
}

/** An error sent from the engine process. */
export interface EngineFault {
  readonly code: MtmdErrorCode | 'BAD_PICTURE' | 'BAD_ANSWER' | 'UNSUPPORTED_MODEL' | 'UNKNOWN';
  readonly message: string;
}

export type ToEngineProcess =
  | { readonly type: 'load'; readonly options: EngineOptions }
  | { readonly type: 'describe'; readonly id: number; readonly request: DescribeRequest }
  /** `inPieces`: with `text` messages. */
  | { readonly type: 'chat'; readonly id: number; readonly request: ChatRequest; readonly inPieces: boolean }
  | { readonly type: 'cancel'; readonly id: number };

export type FromEngineProcess =
  | { readonly type: 'alive' }
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'loaded'; readonly info: EngineInfo }
  | { readonly type: 'load-failed'; readonly fault: EngineFault }
  | { readonly type: 'reading' | 'generating'; readonly id: number }
  | { readonly type: 'text'; readonly id: number; readonly text: string }
  | { readonly type: 'done'; readonly id: number; readonly result: Description | ChatReply }
  | { readonly type: 'failed'; readonly id: number; readonly fault: EngineFault }
  | { readonly type: 'log'; readonly level: 'debug' | 'warn'; readonly text: string };
