import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ConfigError, messageOf } from '../../domain/errors.ts';

/** Paths of what proves who is who; null: not used. */
export interface ConnectFilePaths {
  /** Its first line is the password. */
  readonly passwordFile: string | null;
  /** PEM; only brokers whose certificate one of these authorities signed are spoken to. null: those that Node knows. */
  readonly caFile: string | null;
  /** PEM; the client's own certificate and its key. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** What was in them, as MQTT.js takes it. */
export interface ConnectFiles {
  readonly password?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads them. @throws ConfigError naming the key of the config, the path and what is wrong; never what is inside. */
export async function readConnectFiles(paths: ConnectFilePaths): Promise<ConnectFiles> {
  const [password, ca, cert, key] = await Promise.all([
    read('mqtt.password_file', paths.passwordFile),
    read('mqtt.ca_file', paths.caFile),
    read('mqtt.cert_file', paths.certFile),
    read('mqtt.key_file', paths.keyFile),
  ]);
  if (ca !== null) check('mqtt.ca_file', paths.caFile, 'is no certificate in PEM', { ca });
  if (cert !== null && key !== null) {
    check('mqtt.cert_file', paths.certFile, 'is no certificate in PEM', { cert });
    check('mqtt.key_file', paths.keyFile, `is no unencrypted PEM key that belongs to ${paths.certFile}`, {
      cert,
      key,
    });
  }
  return {
    ...(password !== null && { password: password.split('\n')[0]!.trimEnd() }),
    ...(ca !== null && { ca }),
    ...(cert !== null && key !== null && { cert, key }),
  };
}

async function read(field: string, path: string | null): Promise<string | null> {
  if (path === null) return null;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${field} ${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function check(
  field: string,
  path: string | null,
  fault: string,
  options: { ca?: string; cert?: string; key?: string },
): void {
  try {
    // OpenSSL passes over a file without any certificate in silence.
    if (options.ca !== undefined && !options.ca.includes('-----BEGIN CERTIFICATE-----'))
      throw new Error('none is in it');
    createSecureContext(options);
  } catch (cause) {
    throw new ConfigError(`${field} ${path}: ${fault}: ${messageOf(cause)}`, { cause });
  }
}
