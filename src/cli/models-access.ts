import { ConfigError } from '../domain/errors.ts';
import { defaultHubAccess, type HubAccess } from '../models/download/hub-request.ts';
import { proxyOf } from '../system/http-proxy.ts';
import { readText } from '../system/read-text.ts';

export interface AccessFlags {
  readonly endpoint?: string;
  readonly tokenFile?: string;
}

/**
 * Endpoints, token and proxies from flags and environment: --endpoint overrides HF_ENDPOINT and MODELSCOPE_ENDPOINT,
 * --token-file overrides HF_TOKEN.
 * @throws ConfigError for an endpoint that is not a URL, an unreadable token file, and a token that would be sent
 *   unencrypted.
 */
export async function hubAccessOf(
  { endpoint, tokenFile }: AccessFlags,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<HubAccess> {
  const pick = (variable: string, standard: string): string =>
    endpoint !== undefined
      ? readEndpoint('--endpoint', endpoint)
      : env[variable]
        ? readEndpoint(variable, env[variable])
        : standard;
  const endpoints = {
    hf: pick('HF_ENDPOINT', defaultHubAccess.endpoints.hf),
    modelscope: pick('MODELSCOPE_ENDPOINT', defaultHubAccess.endpoints.modelscope),
  };
  const hfToken = tokenFile === undefined ? env['HF_TOKEN']?.trim() || null : await readToken(tokenFile);
  if (hfToken !== null && !isEncryptedOrLocal(endpoints.hf))
    throw new ConfigError(
      `${endpoints.hf}: the token would be sent unencrypted; use an https endpoint, or neither --token-file nor HF_TOKEN`,
    );
  return { ...defaultHubAccess, endpoints, hfToken, proxyFor: (url) => proxyOf(url, env), signal };
}

function readEndpoint(where: string, text: string): string {
  // modelscope's own client takes a bare host name.
  const url = /^https?:\/\//.test(text) ? text : `https://${text}`;
  if (!URL.canParse(url) || new URL(url).search !== '' || new URL(url).username !== '')
    throw new ConfigError(`${where}: must be a URL such as https://hf-mirror.com`);
  return url.replace(/\/+$/, '');
}

async function readToken(path: string): Promise<string> {
  const text = (await readText(path, `--token-file ${path}`)).trim();
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new ConfigError(`--token-file ${path}: must hold one token and nothing else`);
  return text;
}

function isEncryptedOrLocal(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return (
    protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  );
}
