import type { Config } from '../config/schema.ts';
import { ConfigError } from '../domain/errors.ts';
import { EngineServer } from '../engine-server/engine-server.ts';
import type { Log } from '../pipeline/ports.ts';
import { lookUpSecret } from '../setup/look-up-secret.ts';
import { readSecret } from '../system/read-secret.ts';
import type { OwnEngine } from './own-engine.ts';

/** Shorter ones can be guessed over the network. */
const minTokenLength = 16;

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
  const tokenFile = serve.token_file && lookUpSecret(serve.token_file, folder);
  if (tokenFile !== null) {
    const { length } = await readSecret(tokenFile, 'serve.token_file');
    if (length < minTokenLength)
      throw new ConfigError(
        `serve.token_file: the token must have at least ${minTokenLength} characters (it has ${length}); make one with openssl rand -hex 32`,
      );
  }
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
