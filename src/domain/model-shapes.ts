/** What determines how many operations a model takes. */
export interface ModelShapes {
  readonly text: TransformerShape;
  readonly tower: TransformerShape;
  /** Of the matrices between tower and language model. */
  readonly projectorWeights: number;
}

export interface TransformerShape {
  readonly blocks: number;
  /** Of all attention heads: their number times their length. */
  readonly attentionWidth: number;
  /** Of all blocks' matrices. */
  readonly weights: number;
  /** ggml's name for the type of most of them, e.g. "q8_0"; empty if there are none. */
  readonly weightType: string;
}
