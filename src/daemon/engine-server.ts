import type { Config } from '../config/schema.ts';
import { EngineServer } from '../engine-server/engine-server.ts';
import type { Log } from '../pipeline/ports.ts';
import type { OwnEngine } from './own-engine.ts';
import { tokenFileOf } from './served-token.ts';

/**
 * Offers the board's engine to other programs; null: the config does not say so.
 * @throws ConfigError for a token that cannot be read or is too short
 */
export async function createEngineServer(
  { serve }: Config,
  folder: string,
  { chat, info }: Pick<OwnEngine, 'chat' | 'info'>,
  log: Log,
): Promise<EngineServer | null> {
  if (!serve.listen) return null;
  const tokenFile = await tokenFileOf('serve.token_file', serve.token_file, folder);
  return new EngineServer({
    engine: chat,
    model: () => {
      const loaded = info();
      return loaded && { name: loaded.model, ...loaded };
    },
    tokenFile,
    log,
  });
}
