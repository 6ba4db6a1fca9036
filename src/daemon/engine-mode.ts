import { configuredModels } from '../config/configured-models.ts';
import type { Config } from '../config/schema.ts';
import type { EngineInfo } from '../vision/process/protocol.ts';

/** After the deadline, time for the killed engine process to exit. */
const deadlineSlackMs = 60_000;

export interface EngineMode {
  /** What describes the frames: the board's own engine, worker boards, or a server at an address. */
  readonly describes: 'own' | 'pool' | 'url';
  /** Whether the board has an engine of its own: to describe, as fallback, or for other boards and programs. */
  readonly hasOwn: boolean;
}

export function engineModeOf({ engine, work, serve }: Pick<Config, 'engine' | 'work' | 'serve'>): EngineMode {
  const describes = typeof engine === 'string' ? engine : 'url';
  const fallback = typeof engine === 'string' ? work.sending.fallback : engine.fallback;
  const hasOwn = describes === 'own' || fallback === 'own' || work.pool !== null || serve.listen !== null;
  return { describes, hasOwn };
}

/** When a description counts as hung: the time of pool or server, then the wait for the own engine, then its own deadline. */
export function maxDescriptionMsOf(config: Config): number {
  const { engine, work } = config;
  const deadlineMs = Math.max(...configuredModels(config).map(({ model }) => model.deadline));
  const elsewhereMs = typeof engine === 'string' ? work.sending.deadline : engine.deadline;
  return (engine === 'own' ? 0 : elsewhereMs) + 2 * deadlineMs + deadlineSlackMs;
}

/** What describes most frames. */
export function engineNameOf({ engine }: Config, own: readonly EngineInfo[]): string {
  if (typeof engine !== 'string') return engine.model ?? new URL(engine.url).host;
  return own.length > 0 ? own.map(({ model, quant }) => `${model} (${quant})`).join(', ') : 'worker boards';
}
