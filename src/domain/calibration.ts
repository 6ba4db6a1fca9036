/** Maps the confidence that a model gives to the one that its answers deserve. */
export type Calibration =
  | { readonly method: 'platt'; readonly slope: number; readonly offset: number }
  | {
      readonly method: 'isotonic';
      /** Rising; between two of them the value is interpolated. */
      readonly points: readonly { readonly confidence: number; readonly calibrated: number }[];
    };
