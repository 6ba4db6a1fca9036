/** Corners as shares of width and height, from [0, 0] at the top left of the picture. */
export type Zone = readonly (readonly [x: number, y: number])[];

/** Where a camera looks for changes, and what nobody sees. */
export interface CameraAim {
  /** Of the gate, from 0 to 100; null: the camera has none. */
  readonly sensitivity: number | null;
  /** Zones whose changes are ignored. */
  readonly ignore: readonly Zone[];
  /** Zones that are painted black. */
  readonly privacy: readonly Zone[];
}

/** What has been changed of a camera's aim. */
export interface ChangedAim {
  /** Each with the config's value at the time. */
  readonly sensitivity?: { readonly value: number | null; readonly config: number | null } | undefined;
  readonly ignore?: { readonly value: readonly Zone[]; readonly config: readonly Zone[] } | undefined;
  /** Besides those of the config. */
  readonly privacy?: readonly Zone[] | undefined;
}
