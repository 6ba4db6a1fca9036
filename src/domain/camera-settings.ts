/** The settings of a camera that can be changed while it runs. */
export interface CameraSettings {
  /** A paused camera is not looked at; requests are still answered. */
  readonly paused: boolean;
  readonly intervalMs: number;
  /** The name of the prompt. */
  readonly prompt: string;
}

/** Overridden settings of one camera, each with the config's value at the time. */
export type ChangedSettings = {
  readonly [Field in keyof CameraSettings]?:
    | { readonly value: CameraSettings[Field]; readonly config: CameraSettings[Field] }
    | undefined;
};
