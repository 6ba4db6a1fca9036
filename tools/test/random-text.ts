import { bool, f32, type GgufTensor, type GgufValue, i32, text, u32, writeGguf } from './gguf-writer.ts';
import { around, matrix, type Random } from './random-weights.ts';

// Small language models with random weights, of the architectures whose memory and positions differ.

export interface TowerShape {
  readonly width: number;
  readonly heads: number;
  /** Not equal to `width`: libmtmd uses that to detect old files with swapped matrices. */
  readonly feedForward: number;
  readonly blocks: number;
  /** Of qwen3vl: blocks that a picture's embeddings are added to. Default 1. */
  readonly deepstackBlocks?: number;
}

export interface TextShape {
  readonly tower: TowerShape;
  readonly contextLength: number;
  /**
   * llama: plain; qwen2vl: M-RoPE; qwen3vl: also embeddings of a picture for several blocks; lfm2: every other block a short
   * convolution, so that its memory cannot be truncated.
   */
  readonly architecture?: 'llama' | 'qwen2vl' | 'qwen3vl' | 'lfm2';
  readonly chatTemplate?: string;
  /**
   * Scale of the query matrices. Default 1: attention is so even that positions hardly matter; at 6 a wrong position
   * changes the output.
   */
  readonly sharpness?: number;
  /** Control tokens after the vocabulary. */
  readonly extraTokens?: readonly string[];
}

/** Kernel of an lfm2 convolution, in positions. */
const convolution = 3;

/** Writes the file; the same shape and random state give the same bytes. */
export function writeRandomText(path: string, shape: TextShape, random: Random): void {
  writeGguf(path, textOf(shape, random));
}

/** The content of the file. `random` null: its shapes only. */
export function textOf(
  shape: TextShape,
  random: Random | null,
): { metadata: Record<string, GgufValue>; tensors: Record<string, GgufTensor> } {
  const pieces = [...vocabulary, ...(shape.extraTokens ?? []).map((piece) => ({ piece, score: 0, type: 3 }))];
  return { metadata: textMetadata(shape, pieces), tensors: textTensors(shape, pieces.length, random) };
}

function textMetadata(shape: TextShape, pieces: readonly Piece[]): Record<string, GgufValue> {
  const { tower, contextLength, architecture = 'llama', chatTemplate } = shape;
  const key = (name: string): string => `${architecture}.${name}`;
  const headSize = tower.width / tower.heads;
  return {
    'general.architecture': text(architecture),
    'general.name': text('random LLaVA'),
    'general.file_type': u32(0),
    [key('context_length')]: u32(contextLength),
    [key('embedding_length')]: u32(tower.width),
    [key('block_count')]: u32(tower.blocks),
    [key('feed_forward_length')]: u32(tower.feedForward),
    [key('rope.dimension_count')]: u32(headSize),
    [key('attention.head_count')]: u32(tower.heads),
    [key('attention.head_count_kv')]:
      architecture === 'lfm2'
        ? i32(Array.from({ length: tower.blocks }, (_, block) => (isConvolution(block) ? 0 : tower.heads)))
        : u32(tower.heads),
    [key('attention.layer_norm_rms_epsilon')]: f32(1e-5),
    // Time, rows and columns share a head's rotations.
    ...(usesMrope(architecture)
      ? { [key('rope.dimension_sections')]: i32([headSize / 8, (headSize * 3) / 16, (headSize * 3) / 16, 0]) }
      : {}),
    ...(architecture === 'qwen3vl' ? { [key('n_deepstack_layers')]: u32(tower.deepstackBlocks ?? 1) } : {}),
    ...(architecture === 'lfm2' ? { [key('shortconv.l_cache')]: u32(convolution) } : {}),
    'tokenizer.ggml.model': text('llama'),
    'tokenizer.ggml.pre': text('default'),
    'tokenizer.ggml.tokens': text(pieces.map(({ piece }) => piece)),
    'tokenizer.ggml.scores': f32(pieces.map(({ score }) => score)),
    'tokenizer.ggml.token_type': i32(pieces.map(({ type }) => type)),
    'tokenizer.ggml.unknown_token_id': u32(0),
    'tokenizer.ggml.bos_token_id': u32(1),
    'tokenizer.ggml.eos_token_id': u32(2),
    'tokenizer.ggml.add_bos_token': bool(true),
    'tokenizer.ggml.add_eos_token': bool(false),
    ...(chatTemplate === undefined ? {} : { 'tokenizer.chat_template': text(chatTemplate) }),
  };
}

function usesMrope(architecture: TextShape['architecture']): boolean {
  return architecture === 'qwen2vl' || architecture === 'qwen3vl';
}

function isConvolution(block: number): boolean {
  return block % 2 === 0;
}

function textTensors(
  { tower, architecture = 'llama', sharpness = 1 }: TextShape,
  vocabularySize: number,
  random: Random | null,
): Record<string, GgufTensor> {
  const { width, feedForward, blocks, heads } = tower;
  const isLfm2 = architecture === 'lfm2';
  const tensors: Record<string, GgufTensor> = {
    'token_embd.weight': matrix(random, vocabularySize, width, 1),
    'output.weight': matrix(random, vocabularySize, width),
    [isLfm2 ? 'token_embd_norm.weight' : 'output_norm.weight']: around(random, width, 1),
  };
  for (let block = 0; block < blocks; block++) {
    const name = (part: string): string => `blk.${block}.${part}.weight`;
    tensors[name('attn_norm')] = around(random, width, 1);
    tensors[name('ffn_norm')] = around(random, width, 1);
    if (isLfm2 && isConvolution(block)) {
      tensors[name('shortconv.conv')] = matrix(random, width, convolution);
      tensors[name('shortconv.in_proj')] = matrix(random, 3 * width, width);
      tensors[name('shortconv.out_proj')] = matrix(random, width, width);
    } else {
      for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) {
        const scale = ((part === 'attn_q' ? sharpness : 1) * 1.5) / Math.sqrt(width);
        tensors[name(part)] = matrix(random, width, width, scale);
      }
      if (isLfm2 || architecture === 'qwen3vl') {
        tensors[name('attn_q_norm')] = around(random, width / heads, 1);
        tensors[name('attn_k_norm')] = around(random, width / heads, 1);
      }
    }
    tensors[name('ffn_gate')] = matrix(random, feedForward, width);
    tensors[name('ffn_up')] = matrix(random, feedForward, width);
    tensors[name('ffn_down')] = matrix(random, width, feedForward);
  }
  return tensors;
}

interface Piece {
  readonly piece: string;
  readonly score: number;
  readonly type: number;
}

/** Ids: 0 unknown, 1 begin, 2 end, 3 to 258 the bytes, then pieces; every prefix of a word is a piece. */
export const vocabulary: readonly Piece[] = (() => {
  const normal = 1;
  const unknown = 2;
  const control = 3;
  const byte = 6;
  const words = ['▁USER', '▁ASSISTANT', '▁the', '▁gate', '▁is', '▁open', '▁closed', '▁what', '▁see', 'é'];
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
  const single = ['▁', ...letters, ...new Set([...'USERAITN'])];
  const longer = words.flatMap((word) => [...word].map((_, end) => [...word].slice(0, end + 1).join('')));
  const pieces = [...new Set([...single, ...longer])];
  return [
    { piece: '<unk>', score: 0, type: unknown },
    { piece: '<s>', score: 0, type: control },
    { piece: '</s>', score: 0, type: control },
    ...Array.from({ length: 256 }, (_, value) => ({
      piece: `<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`,
      score: 0,
      type: byte,
    })),
    ...pieces.map((piece, index) => ({ piece, score: -index, type: normal })),
  ];
})();
