import type { Config } from '../config/schema.ts';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { withoutSecrets } from '../domain/shown-address.ts';
import { serverModels } from '../remote-engine/server-models.ts';
import { lookUpSecret, serviceConfigFolder } from '../setup/look-up-secret.ts';
import { readSecret } from '../system/read-secret.ts';
import { type Check, failed, ok, warning } from './doctor-check.ts';

const timeoutMs = 10_000;

/** Whether the server of `engine.url` answers, takes the token, and has the model. Sends no picture. */
export async function checkServer(
  engine: Exclude<Config['engine'], string>,
  folder: string,
  signal: AbortSignal,
): Promise<Check> {
  const part = 'server';
  const { model, token_file } = engine;
  const name = withoutSecrets(engine.url);
  try {
    const token = token_file && (await readSecret(lookUpSecret(token_file, folder), 'engine.token_file'));
    const models = await serverModels(engine.url, token, timeoutMs, signal);
    const list = models.join(', ');
    if (model !== null && !models.includes(model))
      return warning(
        part,
        `${name} does not list ${model}; it has ${list}`,
        'set engine.model to one of these',
      );
    if (model === null && models.length > 1)
      return warning(part, `${name} has several models: ${list}`, 'set engine.model to one of these');
    return ok(part, `${name} answers; model: ${model ?? list}`);
  } catch (error) {
    // systemd hands the service a token that only root can read.
    if (error instanceof ConfigError && folder === serviceConfigFolder && process.geteuid!() !== 0)
      return warning(part, `not tried: ${messageOf(error)}`, 'sudo scenecast doctor');
    return failed(part, `${name}: ${messageOf(error)}`);
  }
}
