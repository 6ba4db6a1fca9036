import { createSecureContext } from 'node:tls';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { readText } from './read-text.ts';

/** A certificate with those between it and its authority, and its private key; both are PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface KeyPairPaths {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Reads and checks both files.
 * @param section of the config, which has them in `cert_file` and `key_file`
 * @throws ConfigError with field, path and fault; never with content
 */
export async function readKeyPair(section: string, { certFile, keyFile }: KeyPairPaths): Promise<KeyPair> {
  const [certField, keyField] = [`${section}.cert_file ${certFile}`, `${section}.key_file ${keyFile}`];
  const [cert, key] = await Promise.all([readText(certFile, certField), readText(keyFile, keyField)]);
  check(`${certField}: is not a PEM certificate`, () => {
    requirePart(cert, 'CERTIFICATE-----');
    createSecureContext({ cert });
  });
  check(`${keyField}: is not an unencrypted PEM key that matches ${certFile}`, () => {
    requirePart(key, 'PRIVATE KEY-----');
    createSecureContext({ cert, key });
  });
  return { cert, key };
}

/** Node ignores an empty text. */
function requirePart(pem: string, end: string): void {
  if (!pem.includes(end)) throw new Error('it contains none');
}

function check(fault: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw new ConfigError(`${fault}: ${messageOf(cause)}`, { cause });
  }
}
