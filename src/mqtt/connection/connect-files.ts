import { createSecureContext } from 'node:tls';
import { ConfigError, messageOf } from '../../domain/errors.ts';
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
  const [password, ca, cert, key] = await Promise.all([
    read('mqtt.password_file', paths.passwordFile, readSecret),
    read('mqtt.ca_file', paths.caFile),
    read('mqtt.cert_file', paths.certFile),
    read('mqtt.key_file', paths.keyFile),
  ]);
  if (ca !== null) check('mqtt.ca_file', paths.caFile, 'is not a PEM certificate', { ca });
  if (cert !== null && key !== null) {
    check('mqtt.cert_file', paths.certFile, 'is not a PEM certificate', { cert });
    check('mqtt.key_file', paths.keyFile, `is not an unencrypted PEM key that matches ${paths.certFile}`, {
      cert,
      key,
    });
  }
  return {
    ...(password !== null && { password }),
    ...(ca !== null && { ca }),
    ...(cert !== null && key !== null && { cert, key }),
  };
}

async function read(field: string, path: string | null, readFile = readText): Promise<string | null> {
  return path === null ? null : readFile(path, `${field} ${path}`);
}

function check(
  field: string,
  path: string | null,
  fault: string,
  options: { ca?: string; cert?: string; key?: string },
): void {
  try {
    // OpenSSL silently ignores a file without any certificate.
    if (options.ca !== undefined && !options.ca.includes('-----BEGIN CERTIFICATE-----'))
      throw new Error('it contains none');
    createSecureContext(options);
  } catch (cause) {
    throw new ConfigError(`${field} ${path}: ${fault}: ${messageOf(cause)}`, { cause });
  }
}
