/** A condition of a camera that somebody waits for. It raises one alert when it is true, and ends. */
export interface Watch {
  /** A ULID. */
  readonly id: string;
  readonly camera: string;
  /** The condition as it was asked for: like `when` of a rule, or the name of a rule. */
  readonly when: WrittenCondition;
  /** How often the camera is to be looked at; null: as it is configured. */
  readonly everyMs: number | null;
  /** It ends then, whatever has happened. */
  readonly until: Date;
  /** What its owner wants to read in the alert. */
  readonly note: string | null;
}

export type WrittenCondition = string | Readonly<Record<string, unknown>>;

/** A watch that runs, and what the board can do for it. */
export interface RunningWatch {
  readonly watch: Watch;
  /** How often its camera is looked at; slower if a description takes longer. */
  readonly everyMs: number;
  /** Median time of the latest descriptions, from the capture to the end; null: there are none yet. */
  readonly answerMs: number | null;
}
