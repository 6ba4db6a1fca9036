import type { Log } from '../pipeline/ports.ts';
import { startEngine } from '../setup/engine.ts';
import { EngineClient } from '../vision/process/engine-client.ts';
import type { EngineInfo, EngineOptions } from '../vision/process/protocol.ts';
import { drawBar } from './progress-bar.ts';

/**
 * Loads a model in the engine process, with a bar on a terminal, and keeps it while `work` runs; a bar that `work` draws is
 * erased at the end. The signal kills the process.
 * @throws ConfigError for files that cannot be used, EngineError, and what `work` throws
 */
export async function withEngine<Result>(
  options: EngineOptions,
  deadlineMs: number,
  signal: AbortSignal,
  work: (engine: EngineClient, info: EngineInfo) => Promise<Result>,
): Promise<Result> {
  const engine = new EngineClient({
    engine: options,
    deadlineMs,
    log: quietLog,
    onProgress: process.stderr.isTTY ? (fraction) => drawBar('loading the model', fraction) : () => {},
  });
  signal.addEventListener('abort', () => void engine.close(), { once: true });
  try {
    return await work(engine, await startEngine(engine));
  } finally {
    if (process.stderr.isTTY) drawBar('', 1);
    await engine.close();
  }
}

const quietLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (_fields, message) => process.stderr.write(`scenecast: ${message}\n`),
};
