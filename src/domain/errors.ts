/** Exit codes of the `scenecast` command (sysexits.h where it has one). `restart`: systemd shall start it again. */
export const exitCodes = { ok: 0, failure: 1, usage: 64, restart: 75, config: 78 } as const;

/** An error that a person reads: what is wrong, with which value, and what to do about it. */
export class ScenecastError extends Error {
  override readonly name: string = 'ScenecastError';
  readonly exitCode: number = exitCodes.failure;
}

/** A fault in the config, or in a file that it names. A person has to fix it; restarting cannot help. */
export class ConfigError extends ScenecastError {
  override readonly name: string = 'ConfigError';
  override readonly exitCode: number = exitCodes.config;
}

/** A model that does not fit the board. */
export class PlanError extends ConfigError {
  override readonly name = 'PlanError';
  override readonly exitCode: number;
  /** The minimum memory it would need; null: memory is not the reason. */
  readonly neededBytes: number | null;
  /** The memory it may use. */
  readonly budgetBytes: number;
  /** It would fit if other programs used less memory: trying again later may help. */
  readonly mayPass: boolean;
  constructor(
    message: string,
    { neededBytes, budgetBytes, mayPass }: Pick<PlanError, 'neededBytes' | 'budgetBytes' | 'mayPass'>,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.exitCode = mayPass ? exitCodes.failure : exitCodes.config;
    this.mayPass = mayPass;
    this.neededBytes = neededBytes;
    this.budgetBytes = budgetBytes;
  }
}

/** A camera that cannot be opened or gives no picture. */
export class CameraError extends ScenecastError {
  override readonly name = 'CameraError';
}

/** An error whose `code` says for programs what went wrong. */
export class CodedError<Code extends string> extends ScenecastError {
  override readonly name: string = 'CodedError';
  readonly code: Code;
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The engine could not describe a picture; `code` is the native layer's, or one of this process's (ENGINE_DIED, DEADLINE). */
export class EngineError extends CodedError<string> {
  override readonly name = 'EngineError';
}

/** A command that was not carried out; `code` is the contract's. */
export class CommandError extends CodedError<'invalid' | 'unknown' | 'failed' | 'expired'> {
  override readonly name = 'CommandError';
}

/** No engine was free in time: the frame has expired, not failed. */
export class ExpiredError extends ScenecastError {
  override readonly name = 'ExpiredError';
}

/** The `code` of an error: a word of ours, of Node or of a native addon, or a number of MQTT; undefined if it has none. */
export function codeOf(error: unknown): string | number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}

/** Whether a file does not exist. */
export function isMissingFile(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
