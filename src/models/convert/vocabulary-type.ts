/** What llama.cpp's tokenisers need; as long as the model's embedding matrix is high. */
export interface Vocabulary {
  /** tokenizer.ggml.model: SentencePiece's BPE with scores, or byte-level BPE with merges. */
  readonly model: 'llama' | 'gpt2';
  /** tokenizer.ggml.pre: how a text is split before the merges. */
  readonly pre: string;
  readonly tokens: readonly string[];
  /** GGUF's token types. */
  readonly types: readonly number[];
  readonly scores: readonly number[] | null;
  readonly merges: readonly string[] | null;
  /** Null where llama.cpp's own default is right. */
  readonly addsSpacePrefix: boolean | null;
  /** Where the tokeniser's file itself says it. */
  readonly unknownId: number | null;
  /** Added tokens that the model has no embedding for. */
  readonly ignored: readonly string[];
}
