import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { lookUp } from '../config/paths.ts';
import type { Config } from '../config/schema.ts';
import type { ConnectFilePaths } from '../mqtt/connection/connect-files.ts';
import type { BrokerAddress } from '../mqtt/pool/connection.ts';

/** Where an installed package has the service's config. */
export const serviceConfigFolder = '/etc/scenecast';

/** The broker's address and credentials. */
export function brokerOf(mqtt: Config['mqtt'], folder: string): BrokerAddress {
  return {
    url: mqtt.url,
    username: mqtt.username,
    ...connectFilePathsOf(mqtt, folder),
    keepaliveMs: mqtt.keepalive,
  };
}

/** Paths of the password, certificates and key. */
export function connectFilePathsOf(mqtt: Config['mqtt'], folder: string): ConnectFilePaths {
  const path = (secret: string | null): string | null => secret && lookUpSecret(secret, folder);
  return {
    passwordFile: path(mqtt.password_file),
    caFile: path(mqtt.ca_file),
    certFile: path(mqtt.cert_file),
    keyFile: path(mqtt.key_file),
  };
}

/** The path of a secret: a relative one is a systemd credential of that name, if it exists. */
function lookUpSecret(path: string, folder: string): string {
  const credentials = isAbsolute(path) ? [] : credentialPaths(path, folder);
  return credentials.find((credential) => existsSync(credential)) ?? lookUp(path, folder);
}

/** For commands by hand with the service's config: where systemd puts its credentials, and where it takes them from. */
function credentialPaths(name: string, folder: string): string[] {
  const given = process.env['CREDENTIALS_DIRECTORY'];
  if (given) return [resolve(given, name)];
  if (folder !== serviceConfigFolder) return [];
  return [`/run/credentials/scenecast.service/${name}`, `/etc/credstore/scenecast.${name}`];
}
