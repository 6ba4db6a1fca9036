/** Maps the confidence that a model gives to the one that its answers deserve. */
export type Calibration =
  | { readonly method: 'platt'; readonly slope: number; readonly offset: number }
  | {
      readonly method: 'isotonic';
      /** Rising; between two of them the value is interpolated. */
      readonly points: readonly { readonly confidence: number; readonly calibrated: number }[];
    };

/** How a model does at a camera's question, by an owner's labels. What it was asked is part of it: other words, another rate. */
export interface MeasuredQuestion {
  readonly camera: string;
  readonly question: string;
  readonly ask: string;
  readonly model: { readonly name: string; readonly quant: string };
  readonly labels: number;
  readonly right: number;
  /** Expected error of the confidence, calibrated if there is a calibration; null: the engine gives no confidences. */
  readonly calibrationError: number | null;
  /** null: there are too few labels, or none helps. */
  readonly calibration: Calibration | null;
  readonly at: Date;
}
