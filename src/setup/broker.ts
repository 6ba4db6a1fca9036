import type { Config } from '../config/schema.ts';
import type { ConnectFilePaths } from '../mqtt/connection/connect-files.ts';
import type { BrokerAddress } from '../mqtt/pool/connection.ts';
import { lookUpSecret } from './look-up-secret.ts';

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
