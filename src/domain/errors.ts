/** Exit codes of the `scenecast` command (sysexits.h where it has one). */
export const exitCodes = { ok: 0, failure: 1, usage: 64, config: 78 } as const;

/** An error that a person reads: what is wrong, with which value, and what to do about it. */
export class ScenecastError extends Error {
  override readonly name: string = 'ScenecastError';
  readonly exitCode: number = exitCodes.failure;
}

/** A config, or a file the config names, that a person must mend: restarting cannot help. */
export class ConfigError extends ScenecastError {
  override readonly name: string = 'ConfigError';
  override readonly exitCode = exitCodes.config;
}

/** A model that does not fit the board, with the least memory it would need; null: that is not why. */
export class PlanError extends ConfigError {
  override readonly name = 'PlanError';
  readonly neededBytes: number | null;
  /** What it may take. */
  readonly budgetBytes: number;
  constructor(
    message: string,
    { neededBytes, budgetBytes }: { readonly neededBytes: number | null; readonly budgetBytes: number },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.neededBytes = neededBytes;
    this.budgetBytes = budgetBytes;
  }
}

/** A camera that cannot be opened or gives no picture. */
export class CameraError extends ScenecastError {
  override readonly name = 'CameraError';
}

/** The engine could not describe a picture; `code` is the native layer's, or one of this process's (ENGINE_DIED, DEADLINE). */
export class EngineError extends ScenecastError {
  override readonly name = 'EngineError';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Nobody described a picture within its time: its frame is expired, not failed. */
export class ExpiredError extends ScenecastError {
  override readonly name = 'ExpiredError';
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
