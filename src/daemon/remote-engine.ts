import { configuredModels } from '../config/configured-models.ts';
import type { Config } from '../config/schema.ts';
import type { Describer, Log } from '../pipeline/ports.ts';
import { RemoteDescriber } from '../remote-engine/remote-describer.ts';
import { lookUpSecret } from '../setup/look-up-secret.ts';

/** Sends this board's frames to the server of `engine.url`; `own` is the board's own engine, if it has one. */
export function createRemoteDescriber(
  config: Config,
  folder: string,
  own: Describer | null,
  log: Log,
): RemoteDescriber {
  const { engine } = config;
  if (typeof engine === 'string') throw new Error(`engine: ${engine} names no server`);
  const { max_tokens, temperature } = configuredModels(config).at(-1)!.model;
  const { url, model, token_file, several_pictures, deadline, fallback } = engine;
  log.info({ host: new URL(url).host, fallback }, 'frames go to an engine server');
  return new RemoteDescriber({
    url,
    model,
    tokenFile: token_file && lookUpSecret(token_file, folder),
    deadlineMs: deadline,
    maxTokens: max_tokens,
    temperature,
    takesSeveralPictures: several_pictures,
    fallback: fallback === 'own' ? own : null,
    log,
  });
}
