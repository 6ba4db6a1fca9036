import { ConfigError } from '../domain/errors.ts';
import { lookUpSecret } from '../setup/look-up-secret.ts';
import { readSecret } from '../system/read-secret.ts';

/** Shorter ones can be guessed over the network. */
const minTokenLength = 16;

/**
 * Where the token is that clients send; null: none is needed.
 * @param key of the config, such as serve.token_file
 * @throws ConfigError if it cannot be read or is too short
 */
export async function tokenFileOf(key: string, path: string | null, folder: string): Promise<string | null> {
  if (path === null) return null;
  const tokenFile = lookUpSecret(path, folder);
  const { length } = await readSecret(tokenFile, key);
  if (length < minTokenLength)
    throw new ConfigError(
      `${key}: the token must have at least ${minTokenLength} characters (it has ${length}); make one with openssl rand -hex 32`,
    );
  return tokenFile;
}
