/** What may be changed of a camera while it runs. */
export interface CameraSettings {
  /** A paused camera is not looked at; requests are still answered. */
  readonly paused: boolean;
  readonly intervalMs: number;
  /** The name of the prompt. */
  readonly prompt: string;
}

/** What somebody has changed of one camera, each with what the config said at that time. */
export type ChangedSettings = {
  readonly [Field in keyof CameraSettings]?:
    | { readonly value: CameraSettings[Field]; readonly config: CameraSettings[Field] }
    | undefined;
};
