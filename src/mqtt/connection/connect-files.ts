import { createSecureContext } from 'node:tls';
import { ConfigError, messageOf } from '../../domain/errors.ts';
import { readKeyPair } from '../../system/key-pair.ts';
import { readSecret } from '../../system/read-secret.ts';
import { readText } from '../../system/read-text.ts';

/** Paths of the files for login and TLS; null: not used. */
export interface ConnectFilePaths {
  /** The first line is the password. */
  readonly passwordFile: string | null;
  /** PEM; only brokers with a certificate from one of these authorities are trusted. null: Node's authorities. */
  readonly caFile: string | null;
  /** PEM; the client certificate and its private key. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Contents of the files, as options of MQTT.js. */
export interface ConnectFiles {
  readonly password?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads the files. @throws ConfigError with field, path and fault; never with content. */
export async function readConnectFiles(paths: ConnectFilePaths): Promise<ConnectFiles> {
  const { passwordFile, caFile, certFile, keyFile } = paths;
  const [password, ca, pair] = await Promise.all([
    passwordFile === null ? null : readSecret(passwordFile, `mqtt.password_file ${passwordFile}`),
    caFile === null ? null : readAuthorities(caFile),
    certFile === null || keyFile === null ? null : readKeyPair('mqtt', { certFile, keyFile }),
  ]);
  return { ...(password !== null && { password }), ...(ca !== null && { ca }), ...pair };
}

async function readAuthorities(path: string): Promise<string> {
  const field = `mqtt.ca_file ${path}`;
  const ca = await readText(path, field);
  try {
    // OpenSSL silently ignores a file without any certificate.
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it contains none');
    createSecureContext({ ca });
  } catch (cause) {
    throw new ConfigError(`${field}: is not a PEM certificate: ${messageOf(cause)}`, { cause });
  }
  return ca;
}
