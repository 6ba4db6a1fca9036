/** The input of llama.cpp's tokenisers; as many tokens as the model's embedding matrix has rows. */
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
  /** Null if llama.cpp's default applies. */
  readonly addsSpacePrefix: boolean | null;
  /** From the tokeniser's file; null if it has none. */
  readonly unknownId: number | null;
  /** Added tokens that the model has no embedding for. */
  readonly ignored: readonly string[];
}
